/* Ticking rows of a list: how many are ticked, all at once, and J and K from row to row. Without it the boxes are plain boxes.
     <form data-ticks>                       its checkboxes named "case" are the rows
       <span data-ticks-all hidden><input type="checkbox"> <strong data-ticks-count></strong></span>
     <p data-ticks-keys hidden>              says that J and K work */

const form = document.querySelector("[data-ticks]");
const boxes = form ? [...form.querySelectorAll("input[name=case]")] : [];
const all = form?.querySelector("[data-ticks-all]");
const TYPING = "textarea, select, input:not([type=checkbox])";

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

function onKey(event) {
  const step = { j: 1, k: -1 }[event.key.toLowerCase()];
  const rests = event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPING) || document.querySelector("dialog[open]");
  if (!step || rests || document.documentElement.dataset.shortcuts === "off") return;
  event.preventDefault();
  move(step);
}

if (boxes.length) {
  all.hidden = false;
  for (const hint of document.querySelectorAll("[data-ticks-keys]")) hint.hidden = false;
  all.querySelector("input").addEventListener("change", (event) => tickAll(event.target.checked));
  form.addEventListener("change", (event) => { if (event.target.name === "case") count(); });
  document.addEventListener("keydown", onKey);
  addEventListener("pageshow", count);
}
