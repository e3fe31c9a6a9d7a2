"use strict";
const ROOT = "/sdcard";
const TEXT = /\.(txt|md|csv|json|log|html)$/i;
let path = ROOT;
let back = null;
let moving = null; // the path of what is being moved
const nameOf = (whole) => whole.slice(whole.lastIndexOf("/") + 1);
const parent_ = (whole) => whole.slice(0, whole.lastIndexOf("/"));
const sizeOf = (bytes) => (bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);

async function show(at = path) {
  path = at;
  back = path === ROOT ? null : () => show(parent_(path));
  const fresh = turn();
  const found = await phone.list(path);
  if (!fresh()) return;
  found.sort((a, b) => b.folder - a.folder || a.name.localeCompare(b.name));
  const shown = found.filter((one) => !one.name.startsWith("."));
  page({ title: path === ROOT ? "Files" : nameOf(path), up: back ?? undefined,
    main: [el("div", { className: "path", textContent: path.replace(ROOT, "Internal storage").replaceAll("/", " › ") }), shown.length ? shown.map(line) : empty("No items")],
    round: moving ? undefined : fab("plus", "New folder", () => askText("New folder", "Name", "", make, "Create")) });
  if (moving) document.body.append(el("div", { className: "moving" }, el("span", { textContent: `Move ${nameOf(moving)}` }), textButton("Cancel", () => { moving = null; show(); }), textButton("Move here", drop, "tonal")));
}

function line(one) {
  const whole = `${path}/${one.name}`;
  const sign = disc("");
  sign.classList.toggle("folder", one.folder);
  sign.append(icon(one.folder ? "folder" : /\.(png|jpg)$/i.test(one.name) ? "image" : "file"));
  const date = new Date(one.modified);
  const note = one.folder ? "Folder" : `${sizeOf(one.size)}, ${date.getUTCDate()} ${MONTHS[date.getUTCMonth()].slice(0, 3)}`;
  const made = row({ title: one.name, note, start: sign, onclick: () => (one.folder ? show(whole) : open(whole)), held: () => actions(one, whole) });
  const more = tool("more", `More options for ${one.name}`, () => actions(one, whole));
  const both = el("div", { className: "row pair" }, made, more);
  both.style.cssText = "padding: 0 8px 0 0; gap: 0; cursor: default; min-height: 0";
  return both;
}

function actions(one, whole) {
  menu(["Rename", () => askText("Rename", "Name", one.name, (name) => rename(whole, name))], ["Move to…", () => { moving = whole; show(); }], ["Delete", () => remove(one, whole)]);
}

const good = (name) => { if (/^\.*$|[/\0]/.test(name)) { phone.toast("This name cannot be used"); return false; } return true; };
async function taken(folder, name) {
  const is = (await phone.list(folder)).some((one) => one.name === name);
  if (is) phone.toast(`There is already an item called ${name}`);
  return is;
}

async function make(name) {
  if (good(name) && !(await taken(path, name))) await phone.mkdir(`${path}/${name}`);
  show();
}

async function rename(whole, name) {
  if (good(name) && nameOf(whole) !== name && !(await taken(path, name))) await phone.move(whole, `${path}/${name}`);
  show();
}

async function drop() {
  const inside = path === moving || path.startsWith(`${moving}/`);
  if (inside) phone.toast("A folder cannot be moved into itself");
  else if (path !== parent_(moving) && !(await taken(path, nameOf(moving)))) {
    await phone.move(moving, `${path}/${nameOf(moving)}`);
    phone.toast("Moved");
  }
  moving = null;
  show();
}

function remove(one, whole) {
  confirmed(`Delete ${one.name}?`, "It cannot be brought back.", "Delete", async () => {
    if (one.folder && (await phone.list(whole)).length) phone.toast("The folder is not empty");
    else { await phone.remove(whole); phone.toast("Deleted"); }
    show();
  });
}

async function open(whole) {
  if (!TEXT.test(whole)) { phone.toast("No app opens this kind of file"); return; }
  const fresh = turn();
  const text = await phone.read(whole);
  if (!fresh()) return;
  back = () => show(parent_(whole));
  page({ title: nameOf(whole), up: back, main: el("pre", { textContent: text || "(empty)" }) });
}

function onBack() {
  if (closeDialog()) return true;
  if (back) { back(); return true; }
  if (moving) { moving = null; show(); return true; }
  return false;
}
function onIntent(intent) {
  const wanted = decodeURIComponent((intent.data ?? "").replace(/^file:\/\//, ""));
  if (wanted.startsWith(`${ROOT}/`)) { path = parent_(wanted); open(wanted); } else show();
}
onIntent(phone.intent);
