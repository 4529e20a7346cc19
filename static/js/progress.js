/* Long work: asks how far it is while it runs and the page is seen; when it is done the page shows its result.
     <div data-progress-url="/…"> with <progress> and [data-progress-text]
   The address answers {done, total, text, finished, failed}. */

const EVERY_MS = 2_000;

async function ask(box) {
  if (document.hidden) return false;
  const answer = await fetch(box.dataset.progressUrl, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok || answer.redirected) return false;
  const job = await answer.json();
  show(box, job);
  return job.finished || job.failed;
}

function show(box, job) {
  const bar = box.querySelector("progress");
  bar.max = job.total;
  bar.value = job.done;
  box.querySelector("[data-progress-text]").textContent = job.text;
}

async function follow(box) {
  if (await ask(box)) {
    location.reload();
    return;
  }
  setTimeout(() => follow(box), EVERY_MS);
}

for (const box of document.querySelectorAll("[data-progress-url]")) setTimeout(() => follow(box), EVERY_MS);
