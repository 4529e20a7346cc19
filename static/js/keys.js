/* Keys: whatever carries data-key answers to it. A choice is chosen, a field gets the focus, a link or button is clicked.
   Single keys rest while a person types and when they are switched off (WCAG 2.1.4); "Control+Enter" always works.
     data-key="a" | "?" | "Control+Enter"     data-key-label="what the list of keys calls it" (else its text) */

const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button], [type=submit])";
const dialog = document.querySelector("[data-keys-dialog]");
const list = dialog?.querySelector("[data-keys-list]");

function boundTo(key) {
  return [...document.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key && isUsable(element));
}

function isUsable(element) {
  return !element.disabled && !element.closest("[hidden]") && element.getClientRects().length > 0;
}

function act(element) {
  if (element.matches(TYPING)) {
    element.focus();
    return;
  }
  if (element.matches("input")) element.focus({ focusVisible: true });
  element.click();
}

function labelOf(element) {
  const source = element.labels?.[0] ?? element;
  const copy = source.cloneNode(true);
  for (const cap of copy.querySelectorAll("kbd, textarea, select")) cap.remove();
  return element.dataset.keyLabel || copy.textContent.trim().replace(/\s+/g, " ");
}

function capText(key) {
  return key.replace("Control+Enter", "Ctrl ↵").toUpperCase().replace("CTRL", "Ctrl");
}

function addToList(key, label) {
  const term = document.createElement("dt");
  const cap = document.createElement("kbd");
  const meaning = document.createElement("dd");
  cap.className = "key";
  cap.textContent = capText(key);
  term.append(cap);
  meaning.textContent = label;
  list.append(term, meaning);
}

function showKeys() {
  list.replaceChildren();
  for (const element of document.querySelectorAll("[data-key]")) {
    if (isUsable(element)) addToList(element.dataset.key, labelOf(element));
  }
  addToList("?", "This list");
  dialog.showModal();
}

function singleKeysRest(event) {
  return event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPING) || document.documentElement.dataset.shortcuts === "off";
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || event.repeat || document.querySelector("dialog[open]")) return;
  const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey);
  if (!sends && singleKeysRest(event)) return;
  if (event.key === "?" && dialog) {
    event.preventDefault();
    showKeys();
    return;
  }
  const element = boundTo(sends ? "Control+Enter" : event.key.toLowerCase());
  if (!element) return;
  event.preventDefault();
  act(element);
});

document.querySelector("[data-keys-open]")?.addEventListener("click", (event) => {
  event.preventDefault();
  showKeys();
});
