// Puts a button beside what is there to be copied; without a script it can be selected.

for (const code of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = code.dataset.copy;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "✓";
    setTimeout(() => { button.textContent = code.dataset.copy; }, 1500);
  });
  code.after(button);
}
