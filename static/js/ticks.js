/* Ticking rows of a list: how many are ticked, all at once, and J and K from row to row. Without it the boxes are plain boxes.
     <form data-ticks>                       its checkboxes named "case" are the rows
       <span data-ticks-all hidden><input type="checkbox"> <strong data-ticks-count></strong></span>
     <p data-ticks-keys hidden>              holds buttons data-ticks-step="1" and "-1", which carry the keys J and K */

const form = document.querySelector("[data-ticks]");
const boxes = form ? [...form.querySelectorAll("input[name=case]")] : [];
const all = form?.querySelector("[data-ticks-all]");

function count() {
  const ticked = boxes.filter((box) => box.checked).length;
  const every = all.querySelector("input");
  all.querySelector("[data-ticks-count]").textContent = ticked ? `${ticked} ticked` : "None ticked";
  every.checked = ticked === boxes.length;
  every.indeterminate = ticked > 0 && ticked < boxes.length;
}

function tickAll(on) {
  for (const box of boxes) box.checked = on;
  count();
}

function move(step) {
  const at = boxes.indexOf(document.activeElement);
  const next = at === -1 ? (step > 0 ? 0 : boxes.length - 1) : Math.min(boxes.length - 1, Math.max(0, at + step));
  boxes[next].focus({ focusVisible: true });
}

if (boxes.length) {
  all.hidden = false;
  for (const hint of document.querySelectorAll("[data-ticks-keys]")) hint.hidden = false;
  all.querySelector("input").addEventListener("change", (event) => tickAll(event.target.checked));
  form.addEventListener("change", (event) => { if (event.target.name === "case") count(); });
  for (const button of document.querySelectorAll("[data-ticks-step]")) button.addEventListener("click", () => move(Number(button.dataset.ticksStep)));
  addEventListener("pageshow", count);
}
