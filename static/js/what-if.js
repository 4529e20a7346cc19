/* What if, in place: the form is sent and its panel refilled, so that nothing else on the page is lost. Without this the same form goes to a page.
     <details data-what-if>  a summary, and
       <div data-what-if-panel>    refilled with the HTML that comes back, a refusal too
         <form data-what-if-form>  what is sent
         [data-what-if-result]     takes the focus, so that it is read out; else the summary of errors does
       [data-what-if-offline]      shown when nobody could be reached */

const box = document.querySelector("[data-what-if]");
const panel = box?.querySelector("[data-what-if-panel]");
const offline = box?.querySelector("[data-what-if-offline]");

async function ask(event) {
  const form = event.target;
  event.preventDefault();
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  const answer = await send(form);
  form.ariaBusy = "false";
  offline.hidden = answer !== null;
  if (answer) await show(form, answer);
}

function send(form) {
  const request = { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "fetch" } };
  return fetch(form.action, request).catch(() => null);
}

/* Anything but the panel, a sign-in page say, is for the browser to show. */
async function show(form, answer) {
  if (answer.redirected || ![200, 409, 422].includes(answer.status)) {
    form.submit();
    return;
  }
  panel.innerHTML = await answer.text();
  const first = panel.querySelector("[role=alert], [data-what-if-result]");
  first?.focus();
}

panel?.addEventListener("submit", ask);
box?.querySelector("summary").addEventListener("click", (event) => event.currentTarget.focus()); // a key opens it; the fields are next
