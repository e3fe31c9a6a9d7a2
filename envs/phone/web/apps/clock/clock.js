"use strict";
const TABS = { Alarm: alarms, Clock: face, Timer: timer, Stopwatch: stopwatch };
let tab = "Alarm";
let open = 0; // the alarm that is unfolded
let keys = ""; // of the timer's pad: hhmmss, as typed
const now = async () => (await phone.now()).getTime();

async function show(name = tab) {
  tab = name;
  const fresh = turn();
  const made = await TABS[name]();
  if (!fresh()) return;
  const top = document.querySelector("main")?.scrollTop ?? 0;
  page({ title: name, main: made.main, round: made.round });
  document.querySelector("main").scrollTop = top;
  document.body.append(el("nav", { className: "tabs" }, Object.keys(TABS).map((words) =>
    el("button", { textContent: words, "aria-selected": String(words === name), onclick: () => show(words) }))));
}

/* -- alarms */

async function alarms() {
  const rows = await phone.rows("select * from alarms order by hour, minute, id");
  return { main: rows.length ? rows.map(card) : empty("No alarms"), round: fab("plus", "Add alarm", add) };
}

const timeOf = (one) => `${pad(one.hour)}:${pad(one.minute)}`;
function repeats(days) {
  if (days === "") return "Once";
  if (days === "1234567") return "Every day";
  if (days === "12345") return "Mon to Fri";
  return [...days].map((n) => DAYS[n - 1].slice(0, 3)).join(", ");
}
async function set(one, name, value) {
  await phone.run(`update alarms set ${name} = ? where id = ?`, value, one.id);
  await show();
}

function card(one) {
  const unfolded = one.id === open;
  const words = `${timeOf(one)} alarm`;
  const head = el("div", { className: "line" },
    el("button", { className: "hour", textContent: timeOf(one), "aria-label": `Change time ${timeOf(one)}`,
      onclick: () => pickTime("Select time", one.hour, one.minute, async (hour, minute) => { await set(one, "hour", hour); await set(one, "minute", minute); }) }),
    toggle(words, Boolean(one.enabled), (on) => set(one, "enabled", on ? 1 : 0)));
  const fold = el("button", { className: "icon", "aria-label": unfolded ? `Fold ${words}` : `Edit ${words}`, onclick: async () => {
    open = unfolded ? 0 : one.id;
    await show();
    document.querySelector(".days")?.parentElement.scrollIntoView({ block: "nearest" });
  } }, icon(unfolded ? "close" : "pen"));
  const about = el("div", { className: "line" }, el("small", { textContent: [one.label, repeats(one.days)].filter(Boolean).join(" · ") }), fold);
  const days = el("div", { className: "days" }, DAYS.map((name, n) => {
    const on = one.days.includes(n + 1);
    const button = el("button", { textContent: name[0], "aria-label": name, "aria-pressed": String(on),
      onclick: () => set(one, "days", on ? one.days.replace(n + 1, "") : [...one.days, String(n + 1)].sort().join("")) });
    button.setAttribute("aria-selected", String(on));
    return button;
  }));
  const label = textButton(one.label ? "Change label" : "Add label", () => askText("Label", "Label", one.label, (text) => set(one, "label", text)));
  const bin = textButton("Delete", async () => { await phone.run("delete from alarms where id = ?", one.id); phone.toast("Alarm deleted"); show(); }, "danger");
  return el("div", { className: one.enabled ? "alarm on" : "alarm" }, head, about, unfolded ? [days, el("div", { className: "line" }, el("span", {}, label), bin)] : null);
}

function add() {
  pickTime("Select time", 7, 0, async (hour, minute) => {
    open = await phone.run("insert into alarms (hour, minute) values (?, ?)", hour, minute);
    await show();
  });
}

/* -- clock */

async function face() {
  const time = await phone.now();
  return { main: [el("div", { className: "face", textContent: `${pad(time.getUTCHours())}:${pad(time.getUTCMinutes())}` }), el("div", { className: "empty", textContent: longDate(time) })] };
}

/* -- timer */

const hms = (ms) => { const s = Math.ceil(ms / 1000); return `${Math.floor(s / 3600)}:${pad(Math.floor(s / 60) % 60)}:${pad(s % 60)}`; };
const typed = () => { const all = keys.padStart(6, "0"); return [all.slice(0, 2), all.slice(2, 4), all.slice(4)].map(Number); };

async function timer() {
  const one = (await phone.rows("select * from timer"))[0];
  if (one.state === "idle") return { main: keypad() };
  const left = one.length - one.gone - (one.state === "running" ? (await now()) - one.since : 0);
  const change = async (state, gone) => { await phone.run("update timer set state = ?, gone = ?, since = ?", state, gone, await now()); await show(); };
  const buttons = one.state === "running"
    ? textButton("Pause", async () => change("paused", Math.min(one.length, one.gone + (await now()) - one.since)), "tonal")
    : textButton("Resume", () => change("running", one.gone), "tonal");
  return { main: [el("div", { className: "big", textContent: left > 0 ? hms(left) : "Time is up" }),
    el("div", { className: "empty", textContent: `${hms(one.length)} timer` }),
    el("div", { className: "does" }, textButton("Delete timer", async () => { keys = ""; await phone.run("update timer set state = 'idle', length = 0, gone = 0, since = 0"); await show(); }), left > 0 ? buttons : null)] };
}

function keypad() {
  const [h, m, s] = typed();
  const press = (key) => { if (keys.length + key.length <= 6) keys = (keys + key).replace(/^0+/, ""); show(); };
  const digits = [..."123456789"].map((key) => el("button", { textContent: key, onclick: () => press(key) }));
  const start = async () => {
    await phone.run("update timer set state = 'running', length = ?, gone = 0, since = ?", ((h * 60 + m) * 60 + s) * 1000, await now());
    await show();
  };
  return [el("div", { className: "set", textContent: `${pad(h)}h ${pad(m)}m ${pad(s)}s` }),
    el("div", { className: "pad" }, digits, el("button", { textContent: "00", onclick: () => press("00") }), el("button", { textContent: "0", onclick: () => press("0") }),
      el("button", { textContent: "⌫", "aria-label": "Delete digit", onclick: () => { keys = keys.slice(0, -1); show(); } })),
    el("div", { className: "does" }, keys ? textButton("Start", start, "tonal") : null)];
}

/* -- stopwatch */

async function stopwatch() {
  const one = (await phone.rows("select * from stopwatch"))[0];
  const gone = one.gone + (one.state === "running" ? (await now()) - one.since : 0);
  const change = async (state, total) => { await phone.run("update stopwatch set state = ?, gone = ?, since = ?", state, total, await now()); await show(); };
  const words = { idle: "Start", running: "Pause", paused: "Resume" }[one.state];
  const act = async () => change(one.state === "running" ? "paused" : "running", one.state === "running" ? one.gone + (await now()) - one.since : one.gone);
  return { main: [el("div", { className: "big" }, hms(gone - (gone % 1000)), el("small", { textContent: `.${pad(Math.floor(gone / 10) % 100)}` })),
    el("div", { className: "does" }, one.state === "idle" ? null : textButton("Reset", () => change("idle", 0)), textButton(words, act, "tonal"))] };
}

/* What runs is drawn again each second, while it is looked at and nothing lies over it. */
setInterval(async () => {
  if (window.frameElement.hidden || document.querySelector("body > .dialog") || !["Clock", "Timer", "Stopwatch"].includes(tab)) return;
  const state = tab === "Clock" ? "running" : (await phone.rows(`select state from ${tab.toLowerCase()}`))[0].state;
  if (state === "running" && !document.querySelector("body > .dialog")) show();
}, 1000);

function onBack() { if (closeDialog()) return true; if (tab !== "Alarm") { show("Alarm"); return true; } return false; }
function onIntent(intent) { if (intent.page in TABS) show(intent.page); else show(); }
onIntent(phone.intent);
