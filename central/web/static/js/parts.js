// Parts that look at the server by themselves: an element with data-part is asked for anew when one
// of its topics changes, at most every two seconds, and only while somebody can see it.
const EVERY_MS = 2000;
const AT_ONCE_MS = 200;

export function startParts() {
  const due = new Map();
  const lookedAt = new Map();
  const look = (address) => {
    due.delete(address);
    lookedAt.set(address, performance.now());
    const part = document.querySelector(`[data-part="${CSS.escape(address)}"]`);
    if (part && !document.hidden) {
      htmx.ajax("GET", address, { source: part, swap: "none" }).catch(() => {});
    }
  };
  const later = (part) => {
    const address = part.dataset.part;
    if (due.has(address)) return;
    const rest = (lookedAt.get(address) ?? -EVERY_MS) + EVERY_MS - performance.now();
    due.set(address, setTimeout(look, Math.max(AT_ONCE_MS, rest), address));
  };
  const hint = (topic) => {
    for (const part of document.querySelectorAll("[data-part]")) {
      if (topic === "*" || part.dataset.topics.split(" ").includes(topic)) later(part);
    }
  };
  document.addEventListener("visibilitychange", () => document.hidden || hint("*"));
  return { hint };
}
