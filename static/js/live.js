/* Live pages: a change announces itself and waits; nothing on the page jumps.
     <body data-socket-url="ws://…">                                     no address: the page still asks every 20 s
     <div data-live data-topics="queue:1f… case:2a…" data-live-url="/…">  refilled with that fragment (HTML) when a topic changes
     <div data-live data-live-now data-live-url="/…">                     comes empty and is filled at once; without topics it only asks
   The socket takes {"subscribe": ["queue:1f…"]} and says {"changed": "queue:1f…"}; it never carries data.
   A message may get lost, so the page asks every 20 s with a socket, too. However often a topic changes, a region asks once a second at most.
   What it asks for is marked, so that a page left open does not keep its session awake.
   A hidden page neither asks nor listens; once seen again it asks at once. */

const POLL_MS = 20_000;
const REST_MS = 1_000;
const FIRST_RETRY_MS = 1_000;
const MOST_TOPICS = 100; // of one socket
const regions = [...document.querySelectorAll("[data-live]")];
const topics = [...new Set(regions.flatMap((region) => region.dataset.topics?.split(/\s+/) ?? []))];
const address = document.body.dataset.socketUrl;
let socket = null;
let retry = FIRST_RETRY_MS;
let missedSome = false;
let poll = null;
const running = new Map();

async function refresh(region) {
  if (running.get(region)) {
    running.set(region, "again");
    return;
  }
  running.set(region, "once");
  const answer = await fetch(region.dataset.liveUrl, { headers: { "X-Requested-With": "fetch", "X-Live-Refresh": "1" } }).catch(() => null);
  if (answer?.ok && !answer.redirected) show(region, await answer.text());
  setTimeout(() => rested(region), REST_MS);
}

function rested(region) {
  const again = running.get(region) === "again";
  running.delete(region);
  if (again) refresh(region);
}

function show(region, html) {
  const holdsFocus = region.contains(document.activeElement);
  if (region.innerHTML.trim() === html.trim() || holdsFocus) return;
  region.innerHTML = html.trim();   // nothing but a line break would not be :empty
}

function refreshAll() {
  for (const region of regions) refresh(region);
}

function changed(topic) {
  for (const region of regions) {
    if (region.dataset.topics?.split(/\s+/).includes(topic)) refresh(region);
  }
}

function startPolling() {
  poll ??= setInterval(refreshAll, POLL_MS);
}

function stopPolling() {
  clearInterval(poll);
  poll = null;
}

function connect() {
  if (!address || socket || document.hidden) return;
  socket = new WebSocket(address);
  socket.addEventListener("open", () => {
    retry = FIRST_RETRY_MS;
    socket.send(JSON.stringify({ subscribe: topics.slice(0, MOST_TOPICS) }));
    if (missedSome) refreshAll();
    missedSome = false;
  });
  socket.addEventListener("message", (event) => changed(JSON.parse(event.data).changed));
  socket.addEventListener("close", lost);
}

function lost() {
  socket = null;
  if (document.hidden) return;
  missedSome = true;
  setTimeout(connect, retry);
  retry = Math.min(retry * 2, 60_000);
}

function rest() {
  stopPolling();
  socket?.close();
}

function wake() {
  startPolling();
  connect();
}

if (regions.length) {
  for (const region of regions) if ("liveNow" in region.dataset) refresh(region);
  wake();
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      rest();
    } else {
      refreshAll();
      wake();
    }
  });
}
