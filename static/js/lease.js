/* A lease is kept while the person works, what they type is kept on the server, and nothing typed is lost when either fails.
     <form data-heartbeat-url data-draft-url data-lease-seconds="900" data-page-url>  hidden fields: csrfmiddlewaretoken, lease, active_seconds
     [data-draft-status]                      "Draft saved 14:11"
     [data-lease-notice]                      where trouble is told
     <template data-when="offline|signed-out|lost|gone">   what it says; a 409 may bring its own HTML instead
   Heartbeat: POST {lease}, answers {expires_at} or 409. 404 is the end: who asks again gets no other answer.
   Draft: POST the whole form, answers {saved_at: "14:11"}; needs no lease. */

const form = document.querySelector("form[data-heartbeat-url]");
const status = form?.querySelector("[data-draft-status]");
const notice = document.querySelector("[data-lease-notice]");
const every = Number(form?.dataset.leaseSeconds) * 1000 / 3;
const DRAFT_AFTER_MS = 1_200;
const RETRY_MS = 8_000;
const FRESH_MS = 20_000;
const IDLE_MS = 60_000;
let beat = null;
let draft = null;
let lastBeat = Date.now();
let lost = false;

/* One POST; says what came of it in a word the rest of this file understands. */
async function post(url, body) {
  const answer = await fetch(url, { method: "POST", body, headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer) return { outcome: "offline" };
  if (answer.redirected || answer.status === 401 || answer.status === 403) return { outcome: "signed-out" };
  if (answer.status === 409) return { outcome: "lost", html: await htmlOf(answer) };
  if (answer.status === 404) return { outcome: "gone" };
  if (!answer.ok) return { outcome: "offline" };
  return { outcome: "done", data: await answer.json() };
}

async function htmlOf(answer) {
  return answer.headers.get("Content-Type")?.startsWith("text/html") ? answer.text() : "";
}

function leaseBody() {
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "lease"]) body.append(name, form.elements[name].value);
  return body;
}

async function heartbeat() {
  clearTimeout(beat);
  if (notice.dataset.shows === "signed-out") await renewTokens();
  const result = await post(form.dataset.heartbeatUrl, leaseBody());
  if (result.outcome === "lost") return leaseLost(result.html);
  if (result.outcome === "gone") return caseGone();
  if (result.outcome === "done") extended(result.data.expires_at);
  else tell(result.outcome);
  beat = setTimeout(heartbeat, result.outcome === "done" ? every : RETRY_MS);
  return result.outcome;
}

/* Signing in again changes the token that forms carry; this page keeps its text and takes the new token. */
async function renewTokens() {
  const answer = await fetch(form.dataset.pageUrl).catch(() => null);
  if (!answer?.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[name=csrfmiddlewaretoken]");
  if (!fresh) return;
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = fresh.value;
}

function extended(expiresAt) {
  lastBeat = Date.now();
  for (const clock of document.querySelectorAll("[data-lease-until]")) clock.dataset.leaseUntil = expiresAt;
  for (const bar of document.querySelectorAll("progress[data-follows=lease]")) {
    const total = Date.parse(bar.dataset.until) - Date.parse(bar.dataset.from);
    bar.dataset.until = expiresAt;
    bar.dataset.from = new Date(Date.parse(expiresAt) - total).toISOString();
  }
  tell(null);
}

async function leaseLost(html) {
  lost = true;
  await saveDraft();
  tell("lost", html);
  return "lost";
}

function caseGone() {
  clearTimeout(beat);
  lost = true;
  tell("gone");
  return "gone";
}

/* Told once per kind of trouble, so that an eight-second retry does not interrupt eight times a minute. */
function tell(trouble, html = "") {
  if (notice.dataset.shows === (trouble ?? "")) return;
  notice.dataset.shows = trouble ?? "";
  notice.replaceChildren();
  if (!trouble) return;
  if (html) notice.innerHTML = html;
  else notice.append(document.querySelector(`template[data-when="${trouble}"]`).content.cloneNode(true));
  notice.scrollIntoView({ block: "nearest" });
}

async function saveDraft() {
  clearTimeout(draft);
  draft = null;
  const result = await post(form.dataset.draftUrl, new FormData(form));
  if (result.outcome === "done") {
    status.textContent = `Draft saved ${result.data.saved_at}.`;
    return;
  }
  if (result.outcome === "gone") {
    status.textContent = "Not saved; it is on this page only.";
    if (!lost) caseGone();
    return;
  }
  status.textContent = "Not saved yet; kept on this page.";
  if (!lost) tell(result.outcome, result.html);
  draft = setTimeout(saveDraft, RETRY_MS);
}

function draftSoon() {
  clearTimeout(draft);
  draft = setTimeout(saveDraft, DRAFT_AFTER_MS);
}

/* Before an answer leaves the page it must be sure to arrive: a page that loses it to a sign-in form or a dead line is not worth its key. */
async function beforeSubmit(event) {
  if (lost) {
    event.preventDefault();
    notice.scrollIntoView({ block: "nearest" });
    return;
  }
  if (navigator.onLine && Date.now() - lastBeat < FRESH_MS && !notice.dataset.shows) return;
  event.preventDefault();
  const submitter = event.submitter;
  if (await heartbeat() === "done") form.requestSubmit(submitter);
}

/* Time at work: the page is seen, has the focus, and something moved within the last minute. */
function countActiveTime() {
  const field = form.elements.active_seconds;
  let touched = Date.now();
  for (const kind of ["pointermove", "pointerdown", "keydown", "scroll"]) {
    addEventListener(kind, () => { touched = Date.now(); }, { passive: true });
  }
  setInterval(() => {
    if (document.hasFocus() && Date.now() - touched < IDLE_MS) field.value = Number(field.value) + 1;
  }, 1000);
}

if (form) {
  beat = setTimeout(heartbeat, every);
  form.addEventListener("input", draftSoon);
  form.addEventListener("submit", beforeSubmit);
  addEventListener("online", heartbeat);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && Date.now() - lastBeat > every) heartbeat();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-try-again]")) heartbeat();
  });
  countActiveTime();
}
