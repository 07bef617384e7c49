// The left side: rows that are added, dates that appear with an answer, counts that stay right.

// Without a row the page brings an empty one along; with rows, the last of them is the pattern.
function emptyRow(part, rows, at) {
  const template = part.querySelector("template[data-row]");
  const row = (rows.lastElementChild ?? template.content.firstElementChild).cloneNode(true);
  for (const each of row.querySelectorAll("[name], [id]")) {
    for (const attribute of ["name", "id"]) {
      const text = each.getAttribute(attribute);
      if (text) each.setAttribute(attribute, text.replace(/^([a-z])\.(\d+|__)\./, `$1.${at}.`));
    }
    if (each.localName === "button") continue;
    each.removeAttribute("aria-invalid");
    if (each.localName === "select") each.selectedIndex = 0;
    else each.value = "";
  }
  for (const each of row.querySelectorAll("details")) each.open = false;
  const legend = row.querySelector("legend");
  legend.textContent = legend.textContent.replace(/[\s\d]*$/, ` ${at + 1}`);
  return row;
}

export function addRow(button) {
  const part = button.closest("[data-list]");
  const rows = part.querySelector(".rows");
  const at = Number(part.dataset.next ?? rows.children.length);
  part.dataset.next = at + 1;
  const row = emptyRow(part, rows, at);
  const drop = row.querySelector(".drop");
  drop.removeAttribute("formaction");
  drop.type = "button";
  drop.removeAttribute("name");
  drop.addEventListener("click", () => {
    row.remove();
    button.focus();
    rows.dispatchEvent(new Event("change", { bubbles: true }));
  });
  const none = part.querySelector(".none input");
  if (none) none.checked = false;
  rows.append(row);
  row.querySelector("select, input").focus();
}

// Date and source come with the answer: they are of no use before.
export function showDates(field) {
  const fact = field.closest(".fact");
  if (!fact || fact.querySelector(".when")) return;
  const name = field.name.slice(2);
  const when = document.getElementById("when").content.cloneNode(true);
  const [date, source] = when.querySelectorAll("input");
  date.name = `d.${name}`;
  source.name = `s.${name}`;
  fact.append(when);
}

export function countSection(field) {
  const part = field.closest("[data-section]");
  if (!part) return;
  const facts = [...part.querySelectorAll(".fact")];
  const answered = facts.filter((fact) => [...fact.querySelectorAll('[name^="f."]')].some((each) => (each.type === "radio" ? each.checked && each.value : each.value)));
  part.querySelector("summary .count").textContent = `${answered.length} of ${facts.length}`;
}

// Mark what the answer now waits for, by word and not by colour alone.
export function markNeeded(names) {
  const needed = new Set(names.split(" ").filter(Boolean));
  for (const part of document.querySelectorAll("[data-section]")) {
    let count = 0;
    for (const fact of part.querySelectorAll(".fact")) {
      const name = fact.querySelector('[name^="f."]')?.name.slice(2);
      const isNeeded = needed.has(name);
      count += isNeeded;
      fact.classList.toggle("needed", isNeeded);
      flag(fact.querySelector("legend, label"), isNeeded ? "needed" : "", fact.querySelector("small"));
    }
    flag(part.querySelector("summary"), count ? `${count} needed` : "");
  }
  for (const part of document.querySelectorAll("[data-list]")) flag(part.querySelector("summary"), needed.has(part.dataset.list) ? "needed" : "");
}

function flag(place, word, before) {
  let mark = place.querySelector(":scope > .need");
  if (!word) return mark?.remove();
  if (!mark) {
    mark = document.createElement("span");
    mark.className = "need";
    place.insertBefore(mark, before?.parentElement === place ? before : null);
    mark.before(" ");
  }
  mark.textContent = word;
}
