// Says what an update has changed, in one sentence, into a region that screen readers listen to.

export function outline(page) {
  const text = page.getElementById("outline")?.dataset.outline;
  return text ? JSON.parse(text) : null;
}

export function announce(region, before, after) {
  if (!after) {
    region.textContent = "No answer: something entered cannot be read.";
    return;
  }
  const changes = Object.entries(after)
    .filter(([name, word]) => !before || before[name] !== word)
    .map(([name, word]) => `${name}: ${word}`);
  const kept = before && before.Stage === after.Stage ? "Stage unchanged. " : "";
  region.textContent = changes.length ? `${kept}${changes.join(". ")}.` : "Answer unchanged.";
}
