/* What every page does: the menu closes, preferences apply at once, a form is sent once, announcements do not chatter.
   Other behaviours speak by an event, so that no file imports another:
     document.dispatchEvent(new CustomEvent("countersign:announce", { detail: "Lease: 1 minute left" })) */

const announcer = document.querySelector("[data-announcer]");
const waiting = [];
let speaking = false;

function speakNext() {
  const text = waiting.shift();
  speaking = text !== undefined;
  announcer.textContent = text ?? "";
  if (speaking) setTimeout(speakNext, 4000);
}

document.addEventListener("countersign:announce", (event) => {
  if (waiting.at(-1) === event.detail) return;
  waiting.push(event.detail);
  if (!speaking) speakNext();
});

const menu = document.querySelector("[data-menu]");

function closeMenu({ refocus }) {
  if (!menu?.open) return;
  menu.open = false;
  if (refocus) menu.querySelector("summary").focus();
}

document.addEventListener("click", (event) => {
  if (menu && !menu.contains(event.target)) closeMenu({ refocus: false });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && menu?.contains(document.activeElement)) closeMenu({ refocus: true });
});

/* Where the links scroll, the one to this page is in view. The page itself stays where it is, so scrollIntoView would not do. */
const here = document.querySelector(".nav [aria-current]");
if (here) {
  const links = here.parentElement;
  links.scrollLeft += Math.max(0, here.getBoundingClientRect().right - links.getBoundingClientRect().right);
}

const preferences = document.querySelector("[data-preferences]");

async function savePreference(input) {
  document.documentElement.dataset[input.name] = input.value;
  const saved = await fetch(preferences.action, { method: "POST", body: new FormData(preferences), redirect: "manual" }).catch(() => null);
  const text = saved ? "Saved" : "Changed here, but not saved: no connection";
  document.dispatchEvent(new CustomEvent("countersign:announce", { detail: text }));
}

if (preferences) {
  preferences.querySelector("[data-preferences-save]").hidden = true;
  preferences.addEventListener("change", (event) => savePreference(event.target));
}

/* A second click or Enter on a form that is already on its way does nothing. The button stays enabled for the browser,
   so that its name and value are sent. */
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.target.dataset.sent) {
    event.preventDefault();
    return;
  }
  event.target.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-disabled", "true");
});

/* Back to a page the browser kept: its forms may be sent again. */
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-disabled]")) button.removeAttribute("aria-disabled");
});

/* What can be taken back only for so long goes when that time is over. <form data-fades-after="10"> seconds */
function fade(form) {
  if (form.contains(document.activeElement)) document.querySelector("main").focus();
  form.remove();
}

for (const form of document.querySelectorAll("[data-fades-after]")) {
  setTimeout(fade, Number(form.dataset.fadesAfter) * 1000, form);
}
