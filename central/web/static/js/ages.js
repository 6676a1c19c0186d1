// Keeps "12 s ago" true: every <time data-ago> is rewritten each second from its own moment.
const UNITS = [
  ["second", 1, 60],
  ["minute", 60, 3600],
  ["hour", 3600, 86400],
  ["day", 86400, Infinity],
];

// An element with data-age says how old its contents were when the server made it, and from which
// age on they are no longer the present. The browser's clock may be wrong, so it only counts on.
const madeAt = new WeakMap();

export function startAges() {
  const format = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "short" });
  const text = (age) => {
    const [unit, size] = UNITS.find(([, , below]) => age < below);
    return format.format(-Math.floor(age / size), unit);
  };
  const grow = (node) => {
    if (!madeAt.has(node)) madeAt.set(node, performance.now() - 1000 * Number(node.dataset.age));
    const age = Math.max(0, (performance.now() - madeAt.get(node)) / 1000);
    node.classList.toggle("is-stale", age > Number(node.dataset.staleS));
    const shown = node.querySelector("[data-age-text]");
    if (shown && shown.textContent !== text(age)) shown.textContent = text(age);
  };
  const growAll = () => document.querySelectorAll("[data-age]").forEach(grow);
  // At once, so that what was swapped in is never seen in the server's wording.
  document.addEventListener("htmx:oobAfterSwap", growAll);
  growAll();
  setInterval(() => {
    growAll();
    for (const node of document.querySelectorAll("time[data-ago]")) {
      const age = Math.max(0, (Date.now() - Date.parse(node.dateTime)) / 1000);
      const next = text(age);
      if (node.textContent !== next) node.textContent = next;
    }
  }, 1000);
}
