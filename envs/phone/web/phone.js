"use strict";
/* What an app of the simulated phone may use. Include it first: <script src="/phone.js"></script>.
   An app may define `onBack()` (true: handled), `onIntent(intent)` and set `ready = false` while it loads. */
const phone = {
  package: "",
  intent: {},

  async ask(question) {
    const answer = await fetch("/api", { method: "POST", body: JSON.stringify(question) });
    const said = await answer.json();
    if (said.error) { phone.toast(said.error.includes("No space") ? "Storage is full" : said.error); throw new Error(said.error); }
    return said.value;
  },

  /** Rows of a statement on the app's own database; values for its question marks. */
  async rows(sql, ...values) { return (await phone.ask({ kind: "db", package: phone.package, sql, values })).rows; },
  /** Run a statement; the id of the row inserted. */
  async run(sql, ...values) { return (await phone.ask({ kind: "db", package: phone.package, sql, values })).id; },
  get(namespace, name) { return phone.ask({ kind: "get", namespace, name }); },
  put(namespace, name, value) {
    return phone.ask({ kind: "put", namespace, name, value: String(value) }).then(() => parent.system.refresh());
  },
  /** The phone's own time as a Date; its zone is UTC, so use the getUTC… methods. */
  async now() { return new Date(await phone.ask({ kind: "now" })); },
  list(path) { return phone.ask({ kind: "list", path }); },
  read(path) { return phone.ask({ kind: "read", path }); },
  write(path, text) { return phone.ask({ kind: "write", path, text }); },
  remove(path) { return phone.ask({ kind: "delete", path }); },
  move(path, to) { return phone.ask({ kind: "move", path, to }); },
  mkdir(path) { return phone.ask({ kind: "mkdir", path }); },
  apps() { return phone.ask({ kind: "apps" }); },
  open(name, intent = {}) { return parent.system.open(name, intent); },
  toast(text) { parent.system.toast(text); },
  /** The keyboard comes and goes with the fields of `page`, the document of a frame in the app. */
  watch(page) {
    const shows = (event) => { if (parent.system.field() === event.target) parent.system.showKeyboard(); };
    page.addEventListener("focusin", (event) => setTimeout(() => shows(event), 0));
    page.addEventListener("click", (event) => shows(event));
    page.addEventListener("focusout", () => setTimeout(() => { if (!parent.system.field()) parent.system.hideKeyboard(); }, 0));
  },
  /** Escape text for HTML. */
  html(text) { return String(text ?? "").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`); },
};

{
  const frame = window.frameElement;
  phone.package = frame?.dataset.package ?? "";
  phone.intent = parent.system?.tasks.find((task) => task.frame === frame)?.intent ?? {};
  phone.watch(document);
}
