/* Something more about the advice, fetched in place when somebody asks, so that nothing else on the page is lost. Without this the same link
   or form leads to a page.
     [data-asked]
       <a data-asked-get> | <form data-asked-form>   what is asked
       [data-asked-panel]     refilled with the HTML that comes back, a refusal too
         [data-asked-result]  takes the focus, so that it is read out
       [data-asked-offline]   shown when nobody could be reached */

for (const box of document.querySelectorAll("[data-asked]")) {
  box.addEventListener("click", (event) => {
    const link = event.target.closest("[data-asked-get]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) ask(event, box, link, () => location.assign(link.href));
  });
  box.addEventListener("submit", (event) => ask(event, box, event.target, () => event.target.submit()));
}

async function ask(event, box, asked, leave) {
  event.preventDefault();
  if (asked.ariaBusy === "true") return;
  asked.ariaBusy = "true";
  const answer = await send(asked);
  asked.ariaBusy = "false";
  box.querySelector("[data-asked-offline]").hidden = answer !== null;
  if (answer) await show(box, answer, leave);
}

function send(asked) {
  const headers = { "X-Requested-With": "fetch" };
  const request = asked.matches("form") ? { method: "POST", body: new FormData(asked), headers } : { headers };
  return fetch(asked.href ?? asked.action, request).catch(() => null);
}

/* Anything but the panel, a sign-in page say, is for the browser to show. */
async function show(box, answer, leave) {
  if (answer.redirected || ![200, 409].includes(answer.status)) {
    leave();
    return;
  }
  const panel = box.querySelector("[data-asked-panel]");
  panel.innerHTML = await answer.text();
  panel.querySelector("[data-asked-result]")?.focus();
}
