"use strict";
/* What the apps share: making elements, the bar at the top, dialogs, pickers. Include it after phone.js. */
const ICONS = {
  back: "M20 12H5M11 5l-7 7 7 7", plus: "M12 5v14M5 12h14", search: "M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12zM15 15l5 5",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01", bin: "M5 7h14M9.5 7V4.5h5V7M7 7l1 12.5h8L17 7M10.5 10.5v6M13.5 10.5v6",
  pen: "M4.5 19.5l1-4L16 5l3 3L8.5 18.5zM13.5 7.5l3 3", close: "M6 6l12 12M18 6L6 18", check: "M5 12.5l4.5 4.5L19 7",
  pin: "M9 4h6l-.5 6 3 3.5h-11l3-3.5zM12 13.5V20", folder: "M3.5 6.5h6l2 2h9v10h-17z", file: "M6.5 3.5h7l4 4v13h-11zM13 3.5v4.5h4.5",
  send: "M4 5l16 7-16 7 3-7zM7 12h6", call: "M6 4h3.5l1.5 4.5-2 1.5a11 11 0 0 0 5 5l1.5-2 4.5 1.5V18a2 2 0 0 1-2 2A14 14 0 0 1 4 6a2 2 0 0 1 2-2z",
  mail: "M3.5 6h17v12h-17zM4 7l8 6 8-6", left: "M14.5 6l-6 6 6 6", right: "M9.5 6l6 6-6 6", reload: "M18.5 8.5A7.5 7.5 0 1 0 19.5 13M19 4v5h-5",
  date: "M4.5 6h15v14h-15zM4.5 10.5h15M8.5 3.5V7M15.5 3.5V7", clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 2", place: "M12 21c-4-5-6-8-6-11a6 6 0 0 1 12 0c0 3-2 6-6 11zM12 8.5v.01", text: "M5 7h14M5 12h14M5 17h9",
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M15.5 9v.01", person: "M12 4.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM5 20c0-4 3-6 7-6s7 2 7 6",
};
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const TINTS = ["#4a6fa5", "#7a5c99", "#2f7d6b", "#a8583c", "#8a6d1f", "#a34a6a", "#3d7a93", "#5d7a33"];

const pad = (number) => String(number).padStart(2, "0");
const iso = (date) => `${date.getUTCFullYear()}-${pad(date.getUTCMonth() + 1)}-${pad(date.getUTCDate())}`;
const day = (text) => new Date(`${text}T00:00:00Z`);
const weekday = (date) => DAYS[(date.getUTCDay() + 6) % 7];
/** Wed, 18 March 2026 */
const longDate = (date) => `${weekday(date).slice(0, 3)}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;

/** An element with properties (those with a dash are attributes) and what is in it. */
function el(tag, properties = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined) continue;
    if (name.includes("-") || name === "role") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...inside.flat(Infinity).filter((one) => one !== null && one !== undefined));
  return made;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "ico");
  svg.setAttribute("aria-hidden", "true");
  svg.innerHTML = `<path d="${ICONS[name]}"/>`;
  return svg;
}

const tool = (name, words, onclick) => el("button", { className: "icon", "aria-label": words, onclick }, icon(name));
const textButton = (words, onclick, more = "") => el("button", { className: `text ${more}`, textContent: words, onclick });
const fab = (name, words, onclick) => el("button", { className: "round", "aria-label": words, onclick }, icon(name));
const empty = (words) => el("div", { className: "empty", textContent: words });

/** A coloured disc with the first letter of a name. */
function disc(name) {
  const sum = [...name].reduce((total, letter) => total + letter.codePointAt(0), 0);
  const made = el("span", { className: "disc", "aria-hidden": "true" });
  made.style.background = TINTS[sum % TINTS.length];
  made.dataset.letter = /\p{L}/u.test(name[0] ?? "") ? name[0].toUpperCase() : "#";
  return made;
}

/** A line of a list: `start` before the words, `end` after them. A long press calls `held`. */
function row({ title, note, start, end, onclick, held, extra }) {
  const line = el("button", { className: "row", onclick }, start,
    el("div", {}, el("span", { className: "title", textContent: title }), note ? el("small", { textContent: note }) : null, extra), end);
  return held ? onHold(line, held) : line;
}

function onHold(element, held) {
  let timer = 0;
  let was = false;
  const stop = () => clearTimeout(timer);
  element.addEventListener("touchstart", () => { was = false; timer = setTimeout(() => { was = true; held(); }, 500); }, { passive: true });
  for (const event of ["touchend", "touchmove", "touchcancel"]) element.addEventListener(event, stop, { passive: true });
  element.addEventListener("click", (event) => { if (was) { event.stopImmediatePropagation(); event.preventDefault(); was = false; } }, true);
  return element;
}

let turns = 0;
/** Call it before what a page needs is asked for; the function that it gives says whether the page is still wanted. */
function turn() {
  const mine = ++turns;
  window.ready = false;
  return () => mine === turns;
}
addEventListener("unhandledrejection", () => { window.ready = true; });

/** What the page shows: a bar with a title, `up` (a function) and tools, `main`, and a round button. */
function page({ title = "", up, tools = [], bar, main, round, className = "" }) {
  closeDialog();
  turns++;
  window.ready = true;
  const head = el("header", {}, up ? tool("back", "Navigate up", up) : null, bar ?? el("h1", { textContent: title }), tools);
  document.body.className = className;
  document.body.replaceChildren(head, el("main", {}, main), ...(round ? [round] : []));
}

function input(words, { value = "", type = "text", rows = 0, hint } = {}) {
  const field = el(rows ? "textarea" : "input", { value, "aria-label": words, placeholder: hint ?? "", autocomplete: "off" });
  if (rows) field.rows = rows; else field.type = type;
  return field;
}
const labelled = (words, field) => el("label", { className: "field" }, el("span", { textContent: words }), field);
const searchField = (words, value, changed) => {
  const field = input(words, { type: "search", value, hint: words });
  field.className = "search";
  field.oninput = () => changed(field.value);
  return field;
};

function toggle(words, checked, changed) {
  const box = el("input", { type: "checkbox", className: "switch", role: "switch", checked, "aria-label": words });
  box.onchange = () => changed(box.checked);
  return box;
}

/* -- what lies over the page; the rest is out of reach meanwhile */

function over(className, ...inside) {
  closeDialog();
  turns++;
  window.ready = true;
  document.activeElement?.blur();
  for (const one of document.body.children) one.inert = true;
  const box = el("div", { className }, el("div", { role: "dialog" }, inside));
  box.onclick = (event) => { if (event.target === box) closeDialog(); };
  document.body.append(box);
  return box;
}

/** Close the dialog or menu, and say whether there was one. */
function closeDialog() {
  const box = document.querySelector("body > .dialog, body > .menu");
  box?.remove();
  for (const one of document.body.children) one.inert = false;
  return Boolean(box);
}

function dialog(title, inside, ...buttons) {
  return over("dialog", el("h2", { textContent: title }), inside, el("div", { className: "choices" }, buttons));
}
const cancel = () => textButton("Cancel", closeDialog);
const confirmed = (title, words, verb, action) => dialog(title, el("p", { textContent: words }), cancel(), textButton(verb, () => { closeDialog(); action(); }));
const menu = (...items) => over("menu", items.map(([words, action]) => el("button", { textContent: words, onclick: () => { closeDialog(); action(); } })));
const moreTool = (...items) => tool("more", "More options", () => menu(...items));

function askText(title, words, value, action, verb = "OK") {
  const field = input(words, { value });
  const save = () => { if (field.value.trim()) { closeDialog(); action(field.value.trim()); } };
  field.onkeydown = (event) => { if (event.key === "Enter") { event.preventDefault(); save(); } };
  dialog(title, labelled(words, field), cancel(), textButton(verb, save));
  field.focus();
  field.select();
}

/** One of `choices` ([value, words] each). */
function choose(title, choices, value, action) {
  const list = choices.map(([key, words]) => {
    const pick = el("input", { type: "radio", name: "choice", checked: key === value, "aria-label": words });
    pick.onclick = () => { closeDialog(); action(key); };
    return el("label", { className: "row" }, pick, el("div", { textContent: words }));
  });
  dialog(title, el("div", { className: "list" }, list), cancel());
}

/** Hours and minutes as numbers, as Android's time picker with a keyboard. */
function pickTime(title, hour, minute, action) {
  const [hours, minutes] = [["Hour", hour], ["Minute", minute]].map(([words, value]) => {
    const field = input(words, { value: pad(value) });
    field.inputMode = "numeric";
    field.maxLength = 2;
    field.onfocus = () => field.select();
    return field;
  });
  const wrong = el("small", { className: "wrong", hidden: true, textContent: "Hours are 0 to 23 and minutes 0 to 59" });
  const ok = () => {
    const [h, m] = [hours, minutes].map((field) => (/^\d{1,2}$/.test(field.value.trim()) ? Number(field.value) : NaN));
    if (!(h < 24 && m < 60)) { wrong.hidden = false; return; }
    closeDialog();
    action(h, m);
  };
  dialog(title, el("div", {}, el("div", { className: "time" },
    el("label", {}, hours, el("small", { textContent: "Hour" })), el("b", { textContent: ":" }),
    el("label", {}, minutes, el("small", { textContent: "Minute" }))), wrong), cancel(), textButton("OK", ok));
}

/** The days of the month of `date`, from Monday on; `cell(date, button)` may decorate them. */
function monthGrid(date, chosen, today, picked, cell = () => {}) {
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  const before = (new Date(Date.UTC(year, month, 1)).getUTCDay() + 6) % 7;
  const count = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const grid = el("div", { className: "month" }, DAYS.map((name) => el("span", { textContent: name[0], "aria-hidden": "true" })));
  for (let n = 0; n < before; n++) grid.append(el("i"));
  for (let n = 1; n <= count; n++) {
    const one = new Date(Date.UTC(year, month, n));
    const button = el("button", { textContent: n, "aria-label": `${n} ${MONTHS[month]} ${year}`, onclick: () => picked(one) });
    button.setAttribute("aria-selected", String(iso(one) === chosen));
    if (iso(one) === today) button.classList.add("today");
    cell(one, button);
    grid.append(button);
  }
  return grid;
}

const monthBar = (date, turned) => el("div", { className: "monthbar" }, tool("left", "Previous month", () => turned(-1)),
  el("b", { textContent: `${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}` }), tool("right", "Next month", () => turned(1)));

/** A date (YYYY-MM-DD) from a month's sheet. */
function pickDate(title, value, today, action) {
  let shown = day(value);
  const draw = () => {
    const turned = (by) => { shown = new Date(Date.UTC(shown.getUTCFullYear(), shown.getUTCMonth() + by, 1)); draw(); };
    dialog(title, el("div", {}, monthBar(shown, turned), monthGrid(shown, value, today, (date) => { value = iso(date); draw(); })),
      cancel(), textButton("OK", () => { closeDialog(); action(value); }));
  };
  draw();
}
