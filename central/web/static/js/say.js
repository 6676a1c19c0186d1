// The one polite live region. The same text twice in a row is said once.
export function say(text) {
  const region = document.getElementById("announce");
  if (region && text && region.textContent !== text) region.textContent = text;
}
