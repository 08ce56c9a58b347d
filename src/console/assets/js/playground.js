// Tries again a moment after something was typed. The button does the same without a script.

const form = document.querySelector("#playground");
let waiting;
let asked = 0;

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(again, 400);
});

// At once, from any of the fields.
form.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  clearTimeout(waiting);
  again();
});

async function again() {
  const mine = ++asked;
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (!answer.ok || mine !== asked) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const tried = page.querySelector("#tried");
  if (tried) document.querySelector("#tried").replaceChildren(...tried.childNodes);
}
