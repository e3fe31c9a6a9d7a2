"use strict";
/* A browser of the phone's own little web: NAME.test is the folder sites/NAME. Nothing outside the phone is loaded. */
const START = "start.test";
const frame = el("iframe", { title: "Page" });
const address = input("Address", { hint: "Type an address" });
address.className = "search";
address.inputMode = "url";
const stack = []; // addresses, the one shown last
let going = false; // the next page is not a new one on the stack

const LOCAL = /^(?:localhost|127\.0\.0\.1):(\d{1,5})(\/\S*)?$/i; // a port of the phone: adb reverse
const place = (said) => {
  const [, port, path] = LOCAL.exec(said) ?? [];
  if (port) return `/net/${port}${path ?? "/"}`;
  const [, name, rest] = /^([a-z-]+)\.test(?:\/([^\s]*))?$/i.exec(said) ?? [];
  return name ? `/apps/browser/sites/${name.toLowerCase()}/index.html${rest ?? ""}` : null;
};
const addressOf = (url) => {
  const [, port, path] = /^\/net\/(\d+)(\/.*)$/.exec(url) ?? [];
  if (port) return `127.0.0.1:${port}${path}`;
  const [, name, rest] = /^\/apps\/browser\/sites\/([a-z-]+)\/index\.html(.*)$/.exec(url) ?? [];
  return name ? `${name}.test${rest ? `/${rest}` : ""}` : null;
};

async function go(said) {
  const clean = said.trim().replace(/^https?:\/\//i, "").replace(/^www\./i, "").replace(/\/$/, "");
  if (!clean) return;
  const target = place(clean);
  const there = target && (await fetch(target)).ok;
  frame.contentWindow.location.replace(there ? target : `/apps/browser/sites/none/index.html?${encodeURIComponent(clean)}`);
}

frame.onload = async () => {
  const at = frame.contentWindow.location;
  if (at.href === "about:blank") return;
  const missing = at.pathname.includes("/sites/none/");
  const shown = missing ? decodeURIComponent(at.search.slice(1)) : addressOf(at.pathname + at.search);
  webview(frame.contentDocument);
  if (!going && stack.at(-1) !== shown) stack.push(shown);
  going = false;
  if (document.activeElement !== address) address.value = shown;
  if (!missing) await phone.run("insert into history (address, title, time) values (?, ?, ?)", shown, frame.contentDocument.title, (await phone.now()).getTime());
};

address.onfocus = () => address.select();
address.onkeydown = (event) => { if (event.key === "Enter") { event.preventDefault(); address.blur(); go(address.value); } };

function back() {
  if (stack.length < 2) return false;
  stack.pop();
  going = true;
  address.blur();
  go(stack.at(-1));
  return true;
}

async function bookmark() {
  await phone.run("insert or ignore into bookmarks (address, title) values (?, ?)", stack.at(-1), frame.contentDocument.title);
  phone.toast("Bookmark added");
}

async function places(table, title) {
  const rows = await phone.rows(`select address, title from ${table} order by id desc limit 30`);
  dialog(title, el("div", { className: "list" }, rows.length ? rows.map((one) => row({ title: one.title || one.address, note: one.address, onclick: () => { closeDialog(); go(one.address); } })) : empty("Nothing here yet")), textButton("Close", closeDialog));
}

page({ bar: address, main: frame, tools: [tool("left", "Back to last page", back), tool("reload", "Reload", () => { going = true; frame.contentWindow.location.reload(); }),
  moreTool(["Add bookmark", bookmark], ["Bookmarks", () => places("bookmarks", "Bookmarks")], ["History", () => places("history", "History")], ["Start page", () => go(START)])] });
document.querySelector("header").prepend(document.querySelector("[aria-label='Back to last page']"));

function onBack() { return closeDialog() || back(); }
function onIntent(intent) { if (intent.data) go(intent.data); else if (!stack.length) go(START); }
onIntent(phone.intent);
