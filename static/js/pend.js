/* Pending: the form warns before a follow-up that comes after the due time, and typing a time chooses it.
     <form data-pend data-follow-before="2026-11-26T14:10" data-before-text="14:10">   local times, which sort as text; no due time: it is over
     <input type="radio" name="follow_up" data-time="…">   without data-time it stands for the time typed
     <p data-pend-late>                                     where the warning is told */

const form = document.querySelector("[data-pend]");
const late = form?.querySelector("[data-pend-late]");
const opener = form?.closest("details").querySelector("summary");

function chosenTime() {
  const chosen = form.querySelector("input[name=follow_up]:checked");
  return chosen?.dataset.time ?? (chosen ? form.elements.follow_up_at.value : "");
}

function tellLate() {
  late.hidden = !form.dataset.followBefore || chosenTime() <= form.dataset.followBefore;
  late.textContent = late.hidden ? "" : `That is after the case is due, ${form.dataset.beforeText}.`;
}

function chooseTyped() {
  form.querySelector("input[name=follow_up][value=at]").checked = true;
}

if (form) {
  form.elements.follow_up_at.addEventListener("input", chooseTyped);
  form.addEventListener("input", tellLate);
  opener.addEventListener("click", () => requestAnimationFrame(() => {
    if (opener.parentElement.open) form.querySelector("input[name=follow_up]").focus();
  }));
  tellLate();
}
