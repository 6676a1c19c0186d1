// Single-key shortcuts. A key presses the visible control that carries it in `data-key`, so the
// keyboard can never do what a button on the page could not.
const OFF = "jinmu.keys.off";

const typing = (target) =>
  target instanceof Element &&
  (target.closest("input:not([type=checkbox]), textarea, select") !== null || target.isContentEditable);

function usable(node) {
  if (node.disabled || node.closest("[hidden], :disabled")) return false;
  const folded = node.closest("details:not([open])");
  if (folded && node.closest("summary") === null) return false;
  return node.getClientRects().length > 0;
}

function press(key) {
  for (const node of document.querySelectorAll("[data-key]")) {
    if (node.dataset.key === key && usable(node)) {
      node.click();
      if (node.matches("summary")) node.focus();
      return true;
    }
  }
  return false;
}

// Moves the focus over cards as they lie on the screen: rows by geometry, not by index.
function moveInList(key) {
  const cards = Array.from(document.querySelectorAll(".cards .card > a"));
  if (!cards.length) return false;
  const here = cards.indexOf(document.activeElement);
  if (here < 0) {
    cards[0].focus();
    return true;
  }
  const step = { j: 1, ArrowRight: 1, k: -1, ArrowLeft: -1 }[key];
  const target = step === undefined ? cards[inColumn(cards, here, key)] : cards[here + step];
  if (target) target.focus();
  return true;
}

function inColumn(cards, here, key) {
  const box = cards[here].getBoundingClientRect();
  const down = key === "ArrowDown";
  let best = -1;
  let bestCost = Infinity;
  cards.forEach((card, index) => {
    const other = card.getBoundingClientRect();
    const rows = (other.top - box.top) * (down ? 1 : -1);
    const cost = rows * 4 + Math.abs(other.left - box.left);
    if (rows > 4 && cost < bestCost) [best, bestCost] = [index, cost];
  });
  return best;
}

function switchPicture(step) {
  const thumbs = Array.from(document.querySelectorAll(".strip .thumb"));
  const here = thumbs.findIndex((thumb) => thumb.getAttribute("aria-current") === "true");
  const next = thumbs[here + step];
  if (here < 0 || !next) return thumbs.length > 0;
  next.click();
  return true;
}

const MOVES = {
  j: () => press("j") || moveInList("j"),
  k: () => press("k") || moveInList("k"),
  ArrowDown: () => press("j") || moveInList("ArrowDown"),
  ArrowUp: () => press("k") || moveInList("ArrowUp"),
  ArrowLeft: () => switchPicture(-1) || moveInList("ArrowLeft"),
  ArrowRight: () => switchPicture(1) || moveInList("ArrowRight"),
  Escape: () => closeReasons() || press("Escape"),
};

function closeReasons() {
  const open = document.querySelector("details.reasons[open]");
  if (!open) return false;
  open.open = false;
  open.querySelector("summary").focus();
  return true;
}

// A long page keeps its own arrow keys: only pages with cards or pictures claim them.
const claims = (key) => !key.startsWith("Arrow") || document.querySelector(".cards, .strip, .case") !== null;

export function startKeys() {
  const sheet = document.getElementById("keys");
  if (!sheet) return;
  const toggle = document.getElementById("keys-enabled");
  const opener = document.getElementById("keys-open");
  let off = localStorage.getItem(OFF) === "1";
  const apply = () => {
    toggle.checked = !off;
    document.body.classList.toggle("keys-off", off);
  };
  toggle.addEventListener("change", () => {
    off = !toggle.checked;
    localStorage.setItem(OFF, off ? "1" : "0");
    apply();
  });
  opener.hidden = false;
  opener.addEventListener("click", () => sheet.showModal());
  apply();
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.isComposing || event.keyCode === 229 || typing(event.target)) return;
    if (sheet.open) {
      if (event.key === "?") sheet.close();
      return;
    }
    if (off || event.repeat && !event.key.startsWith("Arrow")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key === "?") sheet.showModal();
    else if (!(MOVES[key] ? claims(key) && MOVES[key]() : key.length === 1 && press(key))) return;
    event.preventDefault();
  });
}
