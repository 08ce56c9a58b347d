// The builder offers what fits: operators of the field's kind, values that the field had. The server checks it all again.

const fit = (row) => {
  const field = row.querySelector("select[name=field]");
  const op = row.querySelector("select[name=op]");
  const value = row.querySelector("input[name=value]:not([type=hidden])");
  if (!field || !op || !value) return;
  const family = field.selectedOptions[0]?.dataset.family;
  for (const option of op.options) {
    const fits = !family || option.dataset.families.split(" ").includes(family);
    option.hidden = option.disabled = !fits;
  }
  if (op.selectedOptions[0]?.disabled) op.value = [...op.options].find((option) => !option.disabled).value;
  value.setAttribute("list", `values-of-${field.value}`);
  value.hidden = ["exists", "not_exists"].includes(op.value);
};

for (const row of document.querySelectorAll(".builder .row")) {
  fit(row);
  row.addEventListener("change", (event) => {
    if (event.target.matches("select")) fit(row);
  });
}
