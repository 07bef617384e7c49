// A lecture by keyboard: right and left, page keys and space turn the steps, Escape ends. The links work without this file.

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const inside = event.target.closest?.("summary, a, button, [role=region]");
  const turn = { ArrowRight: "next", PageDown: "next", ArrowLeft: "prev", PageUp: "prev" }[event.key] ?? (event.key === " " && !inside ? "next" : "");
  // A wide table keeps its own arrow keys.
  if (event.key.startsWith("Arrow") && inside?.matches("[role=region]") && inside.scrollWidth > inside.clientWidth) return;
  const link = turn ? document.querySelector(`nav a[rel=${turn}]`) : event.key === "Escape" ? document.getElementById("end") : null;
  if (!link) return;
  event.preventDefault();
  link.click();
});
