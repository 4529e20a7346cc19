/* The next case, made ready while this one is read: one quiet request that warms what the next page will need.
     <main data-prefetch-url="/…">   answers 204; claims nothing, shows nothing, so nothing is seen that a person did not open
   Not on metered connections, not on a hidden page. */

const AFTER_MS = 3_000;
const address = document.querySelector("[data-prefetch-url]")?.dataset.prefetchUrl;

function warm() {
  if (document.hidden || navigator.connection?.saveData) return;
  fetch(address, { priority: "low" }).catch(() => null);
}

if (address) setTimeout(warm, AFTER_MS);
