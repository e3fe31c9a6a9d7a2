"use strict";
/* The system's own part of the screen: tasks, navigation, keyboard, lock, toasts. The phone calls `system` from
   outside; apps reach it through phone.js. */
const $ = (id) => document.getElementById(id);

const ROWS = {
  letters: ["qwertyuiop", "asdfghjkl", "zxcvbnm"],
  symbols: ["1234567890", "@#$_&-+()/", "*\"':;!?"],
};

var system = {
  tasks: [], // the last is in front
  seen: [], // packages in the order in which they were last used
  ime: { shown: false, layer: "letters", shift: false },
  drawn: true,
  awake: true,
  locked: false,
  apps: {},

  async start(apps, home) {
    this.apps = Object.fromEntries(apps.map((app) => [app.package, app]));
    this.home = home;
    this.drawKeyboard();
    await this.refresh();
    setInterval(() => this.refresh(), 5000);
    this.open(home, {});
  },

  async refresh() {
    const get = (namespace, name) => ask({ kind: "get", namespace, name });
    const now = new Date(await ask({ kind: "now" }));
    const [airplane, wifi, bluetooth, half] = await Promise.all([
      get("global", "airplane_mode_on"), get("global", "wifi_on"), get("global", "bluetooth_on"), get("system", "time_12_24")]);
    const hour = half === "12" ? now.getUTCHours() % 12 || 12 : now.getUTCHours();
    $("time").textContent = $("locktime").textContent = `${hour}:${String(now.getUTCMinutes()).padStart(2, "0")}`;
    $("icons").textContent = [airplane === "1" ? "✈" : "▲", wifi === "1" ? "≋" : "", bluetooth === "1" ? "BT" : "", "82%"].filter(Boolean).join(" ");
  },

  // -- tasks

  front() { return this.tasks[this.tasks.length - 1]; },

  open(name, intent) {
    const app = this.apps[name];
    if (!app) return false;
    this.hideKeyboard();
    this.collapse();
    $("recents").hidden = true;
    let task = this.tasks.find((one) => one.package === name);
    if (!task) {
      const frame = document.createElement("iframe");
      frame.dataset.package = name;
      frame.title = app.label;
      task = { package: name, frame, intent };
      frame.src = `/apps/${app.folder}/index.html`;
      $("tasks").append(frame);
    } else {
      task.intent = intent;
      this.tasks.splice(this.tasks.indexOf(task), 1);
      const inside = task.frame.contentWindow;
      if (inside.onIntent) inside.onIntent(intent);
      if (name === this.home && inside.onShown) inside.onShown();
    }
    this.tasks.push(task);
    this.seen = [name, ...this.seen.filter((one) => one !== name)];
    this.show();
    return true;
  },

  show() {
    for (const task of this.tasks) task.frame.hidden = task !== this.front();
    this.front()?.frame.focus();
  },

  close(name) {
    const at = this.tasks.findIndex((task) => task.package === name);
    if (at < 0) return false;
    const wasFront = at === this.tasks.length - 1;
    this.tasks[at].frame.remove();
    this.tasks.splice(at, 1);
    if (wasFront) this.open(this.home, {});
    return true;
  },

  crash(name) {
    if (this.close(name)) this.toast(`${this.apps[name].label} keeps stopping`);
  },

  reset() {
    for (const task of this.tasks) task.frame.remove();
    this.tasks = [];
    this.seen = [];
    this.clipboard = "";
    this.hideKeyboard();
    this.awake = this.drawn = true;
    this.locked = false;
    this.power();
    $("toast").hidden = true;
    this.said = null;
    this.open(this.home, {});
    return this.refresh();
  },

  // -- keys

  key(name) {
    if (!this.awake && name !== "POWER" && name !== "WAKEUP") return;
    if (name === "HOME") this.goHome();
    else if (name === "BACK") this.back();
    else if (name === "APP_SWITCH") this.recents();
    else if (name === "MENU" && this.locked) this.unlock();
  },

  goHome() {
    if (!this.locked) this.open(this.home, {});
  },

  back() {
    if (!$("shade").hidden) this.collapse();
    else if (!$("recents").hidden) $("recents").hidden = true;
    else if (this.ime.shown) { this.hideKeyboard(); this.field()?.blur(); }
    else if (this.front().frame.contentWindow.onBack?.()) return;
    else if (this.front().package !== this.home) this.open(this.home, {});
  },

  recents() {
    this.hideKeyboard();
    this.collapse();
    const list = $("recents");
    list.replaceChildren();
    for (const name of this.seen.filter((one) => one !== this.home && this.tasks.some((task) => task.package === one))) {
      const row = document.createElement("div");
      const open = document.createElement("button");
      open.textContent = this.apps[name].label;
      open.onclick = () => this.open(name, {});
      const close = document.createElement("button");
      close.className = "close";
      close.textContent = "✕";
      close.setAttribute("aria-label", `Close ${this.apps[name].label}`);
      close.onclick = () => { row.remove(); this.close(name); $("recents").hidden = false; };
      row.append(open, close);
      list.append(row);
    }
    if (!list.children.length) list.textContent = "No recent items";
    list.hidden = false;
  },

  // -- the shade: switches and notifications, of which nothing here sends any

  async expand() {
    if (this.locked || !this.awake) return;
    this.hideKeyboard();
    const switches = { airplane_mode_on: "Airplane mode", wifi_on: "Internet", bluetooth_on: "Bluetooth" };
    const tiles = await Promise.all(Object.entries(switches).map(async ([name, text]) => {
      const tile = document.createElement("button");
      tile.textContent = text;
      tile.setAttribute("role", "switch");
      const on = await ask({ kind: "get", namespace: "global", name }) === "1";
      tile.setAttribute("aria-checked", String(on));
      tile.onclick = async () => {
        const on = tile.getAttribute("aria-checked") !== "true";
        tile.setAttribute("aria-checked", String(on));
        await ask({ kind: "put", namespace: "global", name, value: on ? "1" : "0" });
        await this.refresh();
      };
      return tile;
    }));
    const none = document.createElement("p");
    none.textContent = "No notifications";
    $("shade").replaceChildren(...tiles, none);
    $("shade").hidden = false;
  },

  collapse() { $("shade").hidden = true; },

  // -- power

  power() {
    $("dark").hidden = this.awake;
    $("lock").hidden = !this.locked;
  },

  sleep(lock) {
    this.hideKeyboard();
    this.collapse();
    this.awake = false;
    this.locked = this.locked || lock;
    this.power();
  },

  wake() { this.awake = true; this.power(); },

  unlock() { this.locked = false; this.power(); },

  // -- keyboard

  field() {
    let frame = this.front()?.frame;
    let found = null;
    while (frame) {
      try { found = frame.contentDocument?.activeElement; } catch { return null; }
      frame = found?.tagName === "IFRAME" ? found : null;
    }
    return editable(found) ? found : null;
  },

  /** Whether the keyboard in use is the one that is drawn; the others have no keys. */
  useKeyboard(drawn) {
    this.drawn = drawn;
    if (!drawn) this.hideKeyboard();
    else if (this.field()) this.showKeyboard();
  },

  showKeyboard() {
    if (this.ime.shown || this.locked || !this.drawn) return;
    this.ime = { shown: true, layer: "letters", shift: false };
    this.drawKeyboard();
    $("keyboard").hidden = false;
    requestAnimationFrame(() => this.field()?.scrollIntoView({ block: "center" }));
  },

  hideKeyboard() {
    this.ime.shown = false;
    $("keyboard").hidden = true;
  },

  drawKeyboard() {
    const board = $("keyboard");
    board.replaceChildren();
    const rows = ROWS[this.ime.layer];
    const digits = this.ime.layer === "letters" ? "1234567890" : "~`|€£%^=<>";
    for (const letters of [digits, ...rows.slice(0, 2)]) board.append(this.row([...letters]));
    board.append(this.row(["⇧", ...rows[2], "⌫"]));
    board.append(this.row([this.ime.layer === "letters" ? "?123" : "ABC", ",", " ", ".", "⏎"]));
  },

  row(keys) {
    const row = document.createElement("div");
    for (const key of keys) {
      const button = document.createElement("button");
      button.textContent = this.ime.shift && key.length === 1 ? key.toUpperCase() : key === " " ? "space" : key;
      button.className = key === " " ? "space" : ["⇧", "⌫", "?123", "ABC", "⏎"].includes(key) ? "wide" : "";
      const names = { "⇧": "Shift", "⌫": "Delete", "⏎": "Enter", " ": "Space", "?123": "Symbols", ABC: "Letters" };
      if (names[key]) button.setAttribute("aria-label", names[key]);
      button.onpointerdown = (event) => { event.preventDefault(); this.press(key); };
      row.append(button);
    }
    return row;
  },

  press(key) {
    if (key === "⇧") { this.ime.shift = !this.ime.shift; this.drawKeyboard(); }
    else if (key === "?123" || key === "ABC") { this.ime.layer = key === "ABC" ? "letters" : "symbols"; this.drawKeyboard(); }
    else if (key === "⌫") this.edit("delete");
    else if (key === "⏎") this.enter();
    else {
      this.edit("insertText", this.ime.shift ? key.toUpperCase() : key);
      if (this.ime.shift) { this.ime.shift = false; this.drawKeyboard(); }
    }
  },

  /** Text or a deletion in the focused field; whether there was one. */
  edit(command, text) {
    const field = this.field();
    if (!field) return false;
    const page = field.ownerDocument;
    if (command === "clear") { page.execCommand("selectAll"); return page.execCommand("delete"); }
    if (["copy", "cut", "paste"].includes(command)) return this.clip(command, field);
    return page.execCommand(command, false, text);
  },

  clipboard: "", // the phone's own: what is copied here does not leave it

  /** ``copy``, ``cut`` or ``paste`` in a field; whether there was something to do it with. */
  clip(command, field) {
    if (command === "paste") return Boolean(this.clipboard) && this.edit("insertText", this.clipboard);
    const chosen = "value" in field ? field.value.slice(field.selectionStart ?? 0, field.selectionEnd ?? 0) : field.ownerDocument.getSelection().toString();
    if (!chosen || field.type === "password") return false;
    this.clipboard = chosen;
    return command === "copy" || this.edit("delete");
  },

  enter() {
    const field = this.field();
    if (!field) return false;
    if (field.tagName === "TEXTAREA" || field.isContentEditable) return field.ownerDocument.execCommand("insertText", false, "\n");
    const view = field.ownerDocument.defaultView;
    const go = field.dispatchEvent(new view.KeyboardEvent("keydown", { key: "Enter", code: "Enter", keyCode: 13, which: 13, bubbles: true, cancelable: true }));
    field.dispatchEvent(new view.KeyboardEvent("keyup", { key: "Enter", code: "Enter", keyCode: 13, which: 13, bubbles: true }));
    if (go && field.form) field.form.requestSubmit();
    else if (go) { field.blur(); this.hideKeyboard(); }
    return true;
  },

  said: null, // the last toast

  toast(text) {
    this.said = text;
    $("toast").textContent = text;
    $("toast").hidden = false;
    clearTimeout(this.toastTimer);
    this.toastTimer = setTimeout(() => { $("toast").hidden = true; }, 2500);
  },

  rotated() {
    document.body.classList.toggle("landscape", innerWidth > innerHeight);
  },

  // -- what is told outside

  state() {
    const task = this.front();
    return {
      package: task?.package, tasks: this.tasks.map((one) => one.package), recents: !$("recents").hidden, shade: !$("shade").hidden,
      ime: this.ime.shown, awake: this.awake, locked: this.locked, focused: Boolean(this.field()),
      ready: Boolean(task) && loaded(task.frame),
    };
  },

  text() { const field = this.field(); return field ? field.value ?? field.textContent : null; },

  /** Everything that is shown, as `uiautomator dump` tells it: a tree with boxes in CSS pixels. */
  dump() {
    if (!this.awake) return [];
    const roots = this.locked ? [[$("lock"), "com.android.systemui"]] : [];
    if (!this.locked) {
      if (!$("shade").hidden) roots.push([$("shade"), "com.android.systemui"]);
      else if (!$("recents").hidden) roots.push([$("recents"), "com.android.systemui"]);
      else if (this.front()) roots.push([this.front().frame, this.front().package]);
      if (this.ime.shown) roots.push([$("keyboard"), "com.handeye.keyboard"]);
      roots.push([$("navigation"), "com.android.systemui"]);
    }
    const screen = [0, 0, innerWidth, innerHeight];
    return roots.map(([element, name]) => node(element, name, 0, 0, screen)).filter(Boolean);
  },
};

async function ask(question) {
  const answer = await fetch("/api", { method: "POST", body: JSON.stringify(question) });
  const said = await answer.json();
  if (said.error) throw new Error(said.error);
  return said.value;
}

/** A frame holds an empty page, complete, until its own has begun to come. */
function loaded(frame) {
  const page = frame.contentDocument;
  return page?.readyState === "complete" && page.URL !== "about:blank" && frame.contentWindow.ready !== false;
}

function editable(element) {
  if (!element || element.readOnly || element.disabled) return false;
  const plain = ["text", "search", "email", "tel", "url", "password", "number", "date", "time", ""];
  return element.tagName === "TEXTAREA" || element.isContentEditable ||
    (element.tagName === "INPUT" && plain.includes(element.getAttribute("type") ?? ""));
}

function label(element) {
  const own = [...element.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data.trim()).filter(Boolean).join(" ");
  if (element.tagName === "SELECT") return element.selectedOptions[0]?.textContent ?? "";
  if (element.type === "password") return "•".repeat(element.value.length);
  if ("value" in element && ["INPUT", "TEXTAREA"].includes(element.tagName)) return element.value;
  return own;
}

function kind(element) {
  const type = element.type;
  if (element.tagName === "TEXTAREA" || editable(element)) return "android.widget.EditText";
  if (element.getAttribute("role") === "switch") return "android.widget.Switch";
  if (type === "checkbox") return "android.widget.CheckBox";
  if (type === "radio") return "android.widget.RadioButton";
  if (type === "range") return "android.widget.SeekBar";
  if (element.tagName === "SELECT") return "android.widget.Spinner";
  if (element.tagName === "BUTTON" || type === "button" || type === "submit") return "android.widget.Button";
  if (["IMG", "svg", "CANVAS"].includes(element.tagName)) return "android.widget.ImageView";
  return label(element) ? "android.widget.TextView" : "android.view.View";
}

/** `seen` is the box through which the element is looked at: what is scrolled out of it is not told. `scale` is how much
    larger than its own pixels a frame is drawn. */
function node(element, name, dx, dy, seen, scale = 1) {
  const view = element.ownerDocument.defaultView;
  const style = view.getComputedStyle(element);
  if (style.display === "none" || style.visibility === "hidden" || element.inert || ["SCRIPT", "STYLE", "OPTION", "LINK", "META", "TITLE"].includes(element.tagName)) return null;
  const rect = element.getBoundingClientRect();
  const box = [rect.left * scale + dx, rect.top * scale + dy, rect.right * scale + dx, rect.bottom * scale + dy];
  const clipped = [Math.max(seen[0], box[0]), Math.max(seen[1], box[1]), Math.min(seen[2], box[2]), Math.min(seen[3], box[3])];
  const within = element.tagName === "IFRAME" || /auto|scroll/.test(style.overflowY) ? clipped : seen;
  let children = [...element.children].map((child) => node(child, name, dx, dy, within, scale));
  if (element.tagName === "IFRAME") {
    let inside = null;
    try { inside = element.contentDocument?.body; } catch { inside = null; }
    const drawn = element.offsetWidth ? rect.width / element.offsetWidth : 1;
    children = inside ? [node(inside, name, box[0], box[1], clipped, scale * drawn)] : [];
  }
  if (element.tagName === "svg") children = [];
  children = children.filter(Boolean);
  const empty = clipped[2] <= clipped[0] || clipped[3] <= clipped[1];
  if (empty && !children.length) return null;
  const scrolls = element.scrollHeight > element.clientHeight + 1 && /auto|scroll/.test(style.overflowY);
  return {
    box: empty ? [0, 0, 0, 0] : clipped, text: label(element), kind: kind(element), package: name, id: element.id || "",
    description: element.getAttribute("aria-label") ?? element.getAttribute("alt") ?? "",
    checkable: ["checkbox", "radio"].includes(element.type) || element.getAttribute("role") === "switch",
    checked: Boolean(element.checked) || element.getAttribute("aria-checked") === "true",
    clickable: style.cursor === "pointer" || ["BUTTON", "A", "INPUT", "SELECT", "TEXTAREA"].includes(element.tagName) || Boolean(element.onclick),
    enabled: !element.disabled, scrollable: scrolls,
    // The focus is the innermost element's: a frame and a page only pass it on.
    focused: element.ownerDocument.activeElement === element && !["IFRAME", "BODY"].includes(element.tagName),
    password: element.type === "password", selected: element.getAttribute("aria-selected") === "true",
    hint: element.getAttribute("placeholder") ?? "", children,
  };
}

for (const button of document.querySelectorAll("#navigation button"))
  button.onclick = () => system.key(button.dataset.key);
let shadeStart = null;
for (const part of ["status", "shade"]) {
  $(part).addEventListener("touchstart", (event) => { shadeStart = event.touches[0].clientY; });
  $(part).addEventListener("touchend", (event) => {
    const moved = event.changedTouches[0].clientY - shadeStart;
    if (part === "status" && moved > 80) system.expand();
    if (part === "shade" && moved < -80) system.collapse();
  });
}
let lockStart = null;
$("lock").addEventListener("touchmove", (event) => event.preventDefault(), { passive: false });
$("lock").addEventListener("touchstart", (event) => { lockStart = event.touches[0].clientY; });
$("lock").addEventListener("touchend", (event) => {
  if (lockStart !== null && lockStart - event.changedTouches[0].clientY > 80) system.unlock();
});
addEventListener("resize", () => system.rotated());
document.addEventListener("contextmenu", (event) => event.preventDefault());
