// Makes the form smoother: one changed fact, one new answer, without a new page. Everything works without this file.
import { announce, outline } from "./said.js";
import { addRow, showDates, countSection, markNeeded } from "./facts.js";

const sheet = document.getElementById("sheet");
const said = document.getElementById("said");
const parts = ["alarm", "jump", "answer", "map"];
document.documentElement.classList.add("script");

let waiting = 0;
let running = null;

if (sheet) {
  sheet.addEventListener("change", changed);
  sheet.addEventListener("submit", submitted);
  sheet.addEventListener("click", clicked);
  sheet.addEventListener("keydown", (event) => {
    // Enter in a field asks for the answer, and never presses the first button of a form by accident.
    if (event.key === "Enter" && event.target.matches("input:not([type=checkbox], [type=radio], [type=file])")) {
      event.preventDefault();
      changed({ target: event.target });
    }
  });
  addEventListener("hashchange", openTarget);
  markWrong();
  addEventListener("beforeprint", () => document.querySelectorAll("#answer details, #map details").forEach((each) => (each.open = true)));
}

function changed(event) {
  const field = event.target;
  if (field.id === "file") return readFile(field);
  if (field.id === "note" || field.name === "record") return;
  if (field.name?.startsWith("q.")) answerInPlace(field);
  if (field.name?.startsWith("f.")) {
    showDates(field);
    countSection(field);
  }
  clearTimeout(waiting);
  waiting = setTimeout(() => update(), 120);
}

// An answer given among the questions is the same fact: it moves to the left, where it stays.
function answerInPlace(field) {
  const name = `f.${field.name.slice(2)}`;
  const twins = [...sheet.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
  if (!twins.length) return;
  for (const twin of twins) {
    if (twin.type === "radio") twin.checked = twin.value === field.value;
    else twin.value = field.value;
  }
  showDates(twins[0]);
  countSection(twins[0]);
}

async function update() {
  clearTimeout(waiting);
  running?.abort();
  running = new AbortController();
  const answer = document.getElementById("answer");
  answer.setAttribute("aria-busy", "true");
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(sheet)) if (typeof value === "string" && value !== "") body.append(name, value);
  try {
    const response = await fetch("/answer", { method: "POST", body, signal: running.signal });
    const late = [408, 429, 500, 503].includes(response.status);
    if (late) throw new Error("late");
    swap(await response.text());
  } catch (error) {
    if (error.name === "AbortError") return; // a later change is already on its way
    const why = error.message === "late" ? "too much is asked here just now" : "no answer has come";
    said.textContent = `Not updated, ${why}: what you see is the answer before. A red sign does not wait for this page. Press Update the answer in a moment.`;
    said.classList.add("shown");
  }
  answer.removeAttribute("aria-busy");
}

function swap(text) {
  const before = outline(document);
  const fresh = new DOMParser().parseFromString(text, "text/html");
  if (!fresh.querySelector("[data-part]")) throw new Error("not an answer");
  said.classList.remove("shown");
  const focus = place(document.activeElement);
  const open = new Set([...document.querySelectorAll("#answer details[open][id]")].map((each) => each.id));
  for (const name of parts) {
    const from = fresh.querySelector(`[data-part="${name}"]`);
    const to = document.getElementById(name);
    if (!from || !to) continue;
    // A red sign that has not changed is not put in anew, so that it is not read out again.
    if (to.innerHTML.trim() !== from.innerHTML.trim()) to.replaceChildren(...from.childNodes);
  }
  for (const id of open) {
    const each = document.getElementById(id);
    if (each) each.open = true;
  }
  markWrong();
  back(focus);
  markNeeded(document.getElementById("outline")?.dataset.needed ?? "");
  announce(said, before, outline(document));
}

// A field that cannot be read says so itself, not only the list of what is wrong.
function markWrong() {
  const wrong = new Set([...document.querySelectorAll("#answer [data-field]")].map((each) => each.dataset.field));
  for (const each of sheet.querySelectorAll("[aria-invalid]")) if (!wrong.has(each.id)) each.removeAttribute("aria-invalid");
  for (const id of wrong) {
    const field = document.getElementById(id);
    if (field?.matches("input, select, textarea")) field.setAttribute("aria-invalid", "true");
  }
}

// Where the focus is, in words that survive the swap.
function place(element) {
  if (!element || !element.closest("#answer, #map, #alarm, #jump")) return null;
  return { id: element.id, name: element.name, value: element.value, radio: element.type === "radio", button: element.localName === "button" };
}

function back(focus) {
  if (!focus) return;
  const found =
    (focus.id && document.getElementById(focus.id)) ||
    (focus.name && [...sheet.elements].find((each) => each.name === focus.name && (!(focus.radio || focus.button) || each.value === focus.value)));
  // An answered question is gone: the next one takes its place.
  (found || document.querySelector("#answer .question input, #answer .question select") || document.getElementById("answer-title"))?.focus({ preventScroll: true });
}

async function submitted(event) {
  const button = event.submitter;
  if (!button || button.getAttribute("formaction") === "/print") return;
  const inside = button.closest("#answer");
  const plainUpdate = button.name === "do" && button.value === "update";
  if (plainUpdate || (button.name === "view" && inside)) {
    event.preventDefault();
    const view = sheet.querySelector("input[name=view]");
    if (button.name === "view") view.value = button.value;
    await update();
    if (button.name === "view") {
      const title = document.getElementById("panel-title") ?? document.getElementById("answer-title");
      title.focus({ preventScroll: true });
    }
  }
}

function clicked(event) {
  const add = event.target.closest("button.add");
  if (add) {
    event.preventDefault();
    addRow(add);
  }
  const copy = event.target.closest("#copy");
  if (copy) copyNote();
  const link = event.target.closest('a[href^="#"]');
  if (link) setTimeout(openTarget, 0);
}

async function copyNote() {
  const note = document.getElementById("note");
  note.select();
  try {
    await navigator.clipboard.writeText(note.value);
    document.getElementById("copied").textContent = "Copied.";
  } catch {
    document.getElementById("copied").textContent = "Selected: copy it with the keyboard.";
  }
}

async function readFile(field) {
  const file = field.files[0];
  if (!file) return;
  sheet.querySelector("textarea[name=record]").value = await file.text();
  field.value = "";
  sheet.querySelector('button[value="load"]').focus();
}

// A link into a closed part opens it.
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let each = target; each; each = each.parentElement) if (each.localName === "details") each.open = true;
  target?.scrollIntoView({ block: "center" });
}
