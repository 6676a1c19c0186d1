// Turns hints into one look at the server. The answer is a set of fragments with ids and digests;
// htmx swaps those out of band, and what shows the same is left alone (no flicker, no lost focus).
import { say } from "./say.js";

const DEBOUNCE_MS = 300;

export function startRefresh() {
  const topics = (document.body.dataset.topics || "").split(" ");
  let timer = 0;
  let busy = false;
  let again = false;
  let acting = 0;
  let stale = false;
  let freshAt = Date.now();
  let announced = "";

  const now = async () => {
    if (!document.body.dataset.refresh) return;
    if (busy || acting) {
      again = true;
      return;
    }
    busy = true;
    stale = false;
    try {
      await htmx.ajax("GET", address(), { source: "#main", swap: "none" });
    } catch {
      // The bar already says that the line is down; the next hint or poll looks again.
    }
    busy = false;
    ifAgain();
  };
  const ifAgain = () => {
    if (!again) return;
    again = false;
    later();
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(now, DEBOUNCE_MS);
  };

  // What a person does goes first: a look begun before it would show the case as it was before it.
  document.addEventListener("htmx:beforeSend", (event) => {
    if (event.detail.elt.id === "main" || event.detail.elt.dataset.part) return;
    acting += 1;
    if (busy) {
      again = true;
      stale = true;
    }
    event.detail.xhr.addEventListener("loadend", () => {
      acting -= 1;
      ifAgain();
    });
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (stale && event.detail.requestConfig.elt.id === "main") event.detail.shouldSwap = false;
  });
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    const fresh = fragment.firstElementChild;
    if (fresh && fresh.dataset.digest && fresh.dataset.digest === target.dataset.digest) {
      event.detail.shouldSwap = false;
      return;
    }
    keepOpen(target, fresh);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) freshAt = Date.now();
  });
  document.addEventListener("htmx:afterSettle", () => {
    const pill = document.getElementById("pill");
    if (!pill) return;
    const title = document.title.replace(/^\(\d+\+?\) /, "");
    const waiting = document.querySelector("#tab-review b")?.textContent || "0";
    document.title = waiting === "0" ? title : `(${waiting}) ${title}`;
    // Nothing lies under the cursor of an empty list, so it fills by itself.
    const link = pill.querySelector("a");
    if (link && !document.querySelector(".cards")) link.click();
    if (pill.dataset.said === announced) return;
    announced = pill.dataset.said;
    say(announced);
  });
  return {
    hint: (topic) => {
      if (topic === "*" || topics.includes(topic)) later();
    },
    now,
    freshAt: () => freshAt,
  };
}

// A list of reasons that is open under the operator's finger stays open.
function keepOpen(target, fresh) {
  if (!fresh) return;
  for (const open of target.querySelectorAll("details[open]")) {
    const twin = open.id ? fresh.querySelector(`#${open.id}`) : fresh.querySelector("details");
    if (twin) twin.open = true;
  }
}

// The server is asked about what is on the screen: the cards shown, the picture chosen.
function address() {
  const url = new URL(document.body.dataset.refresh, window.location.origin);
  const shown = Array.from(document.querySelectorAll(".cards [data-case]"), (card) => card.dataset.case);
  if (document.body.classList.contains("page-cases")) url.searchParams.set("shown", shown.join(","));
  const viewer = document.getElementById("viewer");
  if (viewer) {
    url.searchParams.set("picture", viewer.dataset.picture);
    url.searchParams.set("original", viewer.dataset.original);
  }
  return url.pathname + url.search;
}
