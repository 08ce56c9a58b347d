// What every page has: the reader's zone for the next page, and what makes forms kinder.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && !document.cookie.includes(`frontdesk_zone=${zone}`)) {
  document.cookie = `frontdesk_zone=${zone}; Path=/; Max-Age=31536000; SameSite=Lax`;
}

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// Escape closes the menu on narrow screens.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && location.hash === "#nav") location.hash = "";
});
