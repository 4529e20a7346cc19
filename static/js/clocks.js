/* Clocks tick in place, by the server's time. Words are the ones the server writes: "in 38 min", "4 min over", "13:42 left".
     <time data-due="ISO" data-risk-at="ISO" data-prefix="due ">          time until a case is due
     <time data-lease-until="ISO" data-prefix="lease ">                   time left of a lease; lease.js moves it on
     <progress data-follows="due|lease" data-from="ISO" data-until="ISO">  the same time as a bar
   data-announce="Lease" makes a clock speak at 5 minutes, 1 minute and the end, and at no other moment. */

const SPOKEN_AT = [300, 60, 0];
const offset = serverOffset();
const lastSeconds = new WeakMap();

function serverOffset() {
  const navigation = performance.getEntriesByType("navigation")[0];
  const answered = performance.timeOrigin + (navigation?.responseStart ?? performance.now());
  return Date.parse(document.documentElement.dataset.now) - answered;
}

function secondsUntil(iso) {
  return (Date.parse(iso) - Date.now() - offset) / 1000;
}

function spanInWords(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return "under 1 min";
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
  const days = Math.floor(minutes / 1440);
  return days === 1 ? "1 day" : `${days} days`;
}

function tickDue(clock) {
  const left = secondsUntil(clock.dataset.due);
  const over = left < 0;
  const risk = !over && clock.dataset.riskAt && secondsUntil(clock.dataset.riskAt) <= 0;
  clock.classList.toggle("sla--breached", over);
  clock.classList.toggle("sla--risk", Boolean(risk));
  write(clock, over ? `${spanInWords(-left)} over` : `in ${spanInWords(left)}`);
  speak(clock, left, over ? "the time is over" : null);
}

function tickLease(clock) {
  const left = Math.max(0, Math.floor(secondsUntil(clock.dataset.leaseUntil)));
  const text = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")} left`;
  clock.classList.toggle("sla--risk", left > 0 && left <= 60);
  clock.classList.toggle("sla--breached", left === 0);
  write(clock, left ? text : "ended");
  speak(clock, left, left ? null : "it has ended");
}

function write(clock, words) {
  const text = (clock.dataset.prefix ?? "") + words;
  if (clock.textContent !== text) clock.textContent = text;
}

function speak(clock, seconds, ending) {
  const before = lastSeconds.get(clock);
  lastSeconds.set(clock, seconds);
  if (!clock.dataset.announce || before === undefined) return;
  const passed = SPOKEN_AT.find((mark) => before > mark && seconds <= mark);
  if (passed === undefined) return;
  const words = ending ?? (passed === 60 ? "1 minute left" : `${passed / 60} minutes left`);
  document.dispatchEvent(new CustomEvent("countersign:announce", { detail: `${clock.dataset.announce}: ${words}` }));
}

function tickBar(bar) {
  const total = (Date.parse(bar.dataset.until) - Date.parse(bar.dataset.from)) / 1000;
  const left = Math.min(total, Math.max(0, secondsUntil(bar.dataset.until)));
  bar.max = total;
  bar.value = bar.dataset.follows === "lease" ? left : total - left;
}

function tick() {
  for (const clock of document.querySelectorAll("[data-due]")) tickDue(clock);
  for (const clock of document.querySelectorAll("[data-lease-until]")) tickLease(clock);
  for (const bar of document.querySelectorAll("progress[data-until]")) tickBar(bar);
}

tick();
setInterval(tick, 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) tick(); });
