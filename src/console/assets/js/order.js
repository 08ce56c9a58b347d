// Rules are moved by dragging, too: what is dropped presses the button that a keyboard would.

for (const list of document.querySelectorAll("[data-order]")) {
  const rules = [...list.children];
  let lifted = null;
  const clear = () => rules.forEach((rule) => rule.classList.remove("lifted", "above", "below"));
  for (const rule of rules) {
    rule.draggable = true;
    rule.addEventListener("dragstart", (event) => {
      lifted = rule;
      rule.classList.add("lifted");
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", rule.id);
    });
    rule.addEventListener("dragend", clear);
    rule.addEventListener("dragover", (event) => {
      if (!lifted || lifted === rule) return;
      event.preventDefault();
      const down = rules.indexOf(lifted) < rules.indexOf(rule);
      rules.forEach((other) => other.classList.remove("above", "below"));
      rule.classList.add(down ? "below" : "above");
    });
    rule.addEventListener("drop", (event) => {
      event.preventDefault();
      if (!lifted || lifted === rule) return;
      const button = lifted.querySelector("form.move button");
      button.disabled = false;
      button.value = rules.indexOf(rule) + 1;
      button.form.requestSubmit(button);
    });
  }
}
