"use strict";
/* Pages of MiniWoB++, where the phone was given them under /miniwob/; miniwob://TASK opens one. */
const TASKS = ["click-test", "click-button", "click-checkboxes", "click-dialog", "click-link", "click-option", "click-tab", "enter-text", "enter-password", "focus-text", "login-user", "search-engine"];
let task = "";

async function list() {
  task = "";
  const fresh = turn();
  const there = (await fetch("/miniwob/miniwob/click-test.html")).ok;
  if (!fresh()) return;
  page({ title: "MiniWoB", main: there ? TASKS.map((name) => row({ title: name, onclick: () => open(name) })) : empty("The pages of MiniWoB++ are not on this phone.") });
}

function open(name) {
  task = name;
  const frame = el("iframe", { title: name, src: `/miniwob/miniwob/${encodeURIComponent(name)}.html` });
  frame.onload = () => { phone.watch(frame.contentDocument); window.ready = true; };
  page({ title: name, up: list, main: frame });
  window.ready = false;
}

function onBack() { if (task) { list(); return true; } return false; }
function onIntent(intent) {
  const wanted = (intent.data ?? "").replace(/^miniwob:\/*/, "");
  if (/^[a-z0-9-]+$/.test(wanted)) open(wanted); else if (!task) list();
}
onIntent(phone.intent);
