// What must be said aloud or shown at once: verdicts, pictures that cannot be read, requests that
// failed.
import { say } from "./say.js";

function replaceBroken(event) {
  const image = event.target;
  if (!(image instanceof HTMLImageElement) || image.dataset.missing === undefined) return;
  const note = document.createElement("span");
  note.className = "nophoto";
  const words = document.createElement("b");
  words.textContent = image.dataset.missing;
  note.append(words);
  image.replaceWith(note);
}

// After a verdict the pressed button is gone: the focus stays beside it, and the result is spoken.
function afterVerdict() {
  const verdicts = document.getElementById("verdicts");
  if (!verdicts) return;
  if (document.activeElement === document.body) verdicts.focus({ preventScroll: true });
  const judged = verdicts.querySelector(".judged p, h2");
  if (judged) say(judged.innerText.replace(/\s+/g, " "));
}

export function startNotices() {
  document.addEventListener("error", replaceBroken, true);
  for (const image of document.querySelectorAll("img[data-missing]")) {
    if (image.complete && image.naturalWidth === 0 && image.loading !== "lazy") {
      replaceBroken({ target: image });
    }
  }
  const toast = document.getElementById("toast");
  let timer = 0;
  const show = (text) => {
    toast.textContent = text;
    toast.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => (toast.hidden = true), 8000);
  };
  // Only what a person asked for deserves a message; the background refresh has its own bar.
  const asked = (event) => event.detail.requestConfig?.verb === "post";
  document.addEventListener("htmx:sendError", (event) => {
    if (asked(event)) show(toast.dataset.offline);
  });
  document.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 401) window.location.reload();
    else if (asked(event)) show(toast.dataset.failed);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.requestConfig?.verb === "post") afterVerdict();
  });
  // A session that has ended answers with the login page: show it, instead of looking alive.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const answered = new URL(event.detail.xhr.responseURL || window.location.href);
    if (answered.pathname === "/login") window.location.reload();
  });
}
