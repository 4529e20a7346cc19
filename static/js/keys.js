/* Keys: whatever carries data-key answers to it. A choice is chosen, a field gets the focus, a link or button is clicked.
   Single keys rest while a person types and when they are switched off (WCAG 2.1.4); "Control+Enter" always works.
     data-key="a" | "?" | "Control+Enter"     data-key-label="what the list of keys calls it" (else its text)
     <html data-own-keys="aq gm">              this person presses Q for what the page calls A, and M for G */

const TYPING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button], [type=submit])";
const dialog = document.querySelector("[data-keys-dialog]");
const list = dialog?.querySelector("[data-keys-list]");

const own = new Map((document.documentElement.dataset.ownKeys ?? "").split(" ").filter(Boolean).map(([key, pressed]) => [key, pressed]));
const meant = new Map([...own].map(([key, pressed]) => [pressed, key]));

/* What the page calls the key that was pressed; a key that another one has replaced means nothing any more. */
function meaning(pressed) {
  return meant.get(pressed) ?? (own.has(pressed) ? "" : pressed);
}

/* Caps and announcements say what this person presses. */
function relabel(root) {
  for (const element of root.querySelectorAll("[data-key]")) {
    const pressed = own.get(element.dataset.key);
    if (!pressed) continue;
    element.setAttribute("aria-keyshortcuts", pressed);
    const cap = (element.labels?.[0] ?? element).querySelector(".key");
    if (cap) cap.textContent = capText(pressed);
  }
}

if (own.size) {
  relabel(document);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) for (const node of addedNodes) if (node.querySelectorAll) relabel(node);
  }).observe(document.body, { childList: true, subtree: true });
}

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
    if (isUsable(element)) addToList(own.get(element.dataset.key) ?? element.dataset.key, labelOf(element));
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
  const element = boundTo(sends ? "Control+Enter" : meaning(event.key.toLowerCase()));
  if (!element) return;
  event.preventDefault();
  act(element);
});

document.querySelector("[data-keys-open]")?.addEventListener("click", (event) => {
  event.preventDefault();
  showKeys();
});
