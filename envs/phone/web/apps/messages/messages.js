"use strict";
let back = null;
let wanted = "";
const digits = (number) => number.replace(/[^\d+]/g, "");

async function contacts() {
  return (await phone.ask({ kind: "db", package: "com.android.contacts", sql: "select name, phone from contacts order by name collate nocase", values: [] })).rows;
}
const nameOf = (number, known) => known.find((one) => digits(one.phone) === digits(number))?.name ?? number;
const clockTime = (time) => `${pad(time.getUTCHours())}:${pad(time.getUTCMinutes())}`;

async function list() {
  back = null;
  const fresh = turn();
  const results = el("div");
  const [messages, known, now] = [await phone.rows("select * from messages order by time, id"), await contacts(), await phone.now()];
  if (!fresh()) return;
  const last = new Map();
  for (const one of messages) { last.delete(one.number); last.set(one.number, one); }
  const fill = () => {
    const threads = [...last.values()].reverse().filter((one) => {
      const all = messages.filter((other) => other.number === one.number).map((other) => other.body).join(" ");
      return `${nameOf(one.number, known)} ${one.number} ${all}`.toLowerCase().includes(wanted.toLowerCase());
    });
    results.replaceChildren(...(threads.length ? threads.map((one) => line(one, known, now)) : [empty(wanted ? "Nothing found" : "No conversations")]));
  };
  page({ bar: searchField("Search messages", wanted, (text) => { wanted = text; fill(); }), main: results, round: fab("plus", "Start chat", () => compose("")) });
  fill();
}

function line(one, known, now) {
  const name = nameOf(one.number, known);
  const time = new Date(one.time);
  const when = iso(time) === iso(now) ? clockTime(time) : `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()].slice(0, 3)}`;
  return row({ title: name, note: (one.sent ? "You: " : "") + one.body, start: disc(name), end: el("time", { textContent: when }),
    onclick: () => thread(one.number), held: () => remove(one.number, name) });
}

function remove(number, name) {
  confirmed("Delete this conversation?", `All messages with ${name} will be deleted.`, "Delete", async () => {
    await phone.run("delete from messages where number = ?", number);
    phone.toast("Conversation deleted");
    list();
  });
}

async function thread(number) {
  back = list;
  const fresh = turn();
  const known = await contacts();
  const name = nameOf(number, known);
  const rows = await phone.rows("select * from messages where number = ? order by time, id", number);
  if (!fresh()) return;
  const talk = el("div", { className: "talk" });
  let last = "";
  for (const one of rows) {
    const time = new Date(one.time);
    const when = `${longDate(time)} · ${clockTime(time)}`;
    if (iso(time) !== last) talk.append(el("time", { textContent: when }));
    last = iso(time);
    talk.append(el("p", { className: one.sent ? "sent" : "", textContent: one.body }));
  }
  page({ title: name, up: list, className: "thread", tools: [moreTool(["Delete", () => remove(number, name)])], main: talk });
  writing(() => number);
}

function writing(number) {
  const field = input("Text message", { rows: 1, hint: "Text message" });
  const send = async () => {
    const to = number();
    if (!to) { phone.toast("Choose who it is for"); return; }
    if (!field.value.trim()) return;
    if ((await phone.get("global", "airplane_mode_on")) === "1") { phone.toast("Not sent: airplane mode is on"); return; }
    await phone.run("insert into messages (number, body, sent, time) values (?, ?, 1, ?)", to, field.value.trim(), (await phone.now()).getTime());
    thread(to);
  };
  document.body.append(el("div", { className: "write" }, field, tool("send", "Send", send)));
  const main = document.querySelector("main");
  if (main.querySelector(".talk")) main.scrollTop = main.scrollHeight;
  const down = () => { if (!main.isConnected) removeEventListener("resize", down); else if (main.querySelector(".talk")) main.scrollTop = main.scrollHeight; };
  addEventListener("resize", down);
}

async function compose(to, body = "") {
  back = list;
  const fresh = turn();
  const known = await contacts();
  if (!fresh()) return;
  const field = input("To", { value: to, hint: "Name or phone number" });
  field.className = "search";
  const results = el("div");
  const number = () => {
    const said = field.value.trim();
    const exact = known.find((one) => one.name.toLowerCase() === said.toLowerCase() || (digits(one.phone) && digits(one.phone) === digits(said)));
    if (exact) return exact.phone;
    return /^\+?[\d ()-]{3,}$/.test(said) ? said : "";
  };
  const fill = () => {
    const said = field.value.trim().toLowerCase();
    const found = known.filter((one) => one.phone && `${one.name} ${one.phone}`.toLowerCase().includes(said));
    results.replaceChildren(...found.map((one) => row({ title: one.name, note: one.phone, start: disc(one.name),
      onclick: () => thread(one.phone) })));
    if (/^\+?[\d ()-]{3,}$/.test(said)) results.prepend(row({ title: `Send to ${field.value.trim()}`, start: disc("#"), onclick: () => thread(number()) }));
  };
  field.oninput = fill;
  page({ up: list, bar: field, className: "thread", main: results });
  fill();
  writing(number);
  document.querySelector(".write textarea").value = body;
  if (!to) field.focus();
}

function onBack() {
  if (closeDialog()) return true;
  if (back) { back(); return true; }
  if (wanted) { wanted = ""; list(); return true; }
  return false;
}
function onIntent(intent) {
  const number = intent.number ?? decodeURIComponent((intent.data ?? "").replace(/^sms(to)?:\/*/, ""));
  if (intent.page === "compose") compose(number, intent.extras?.sms_body ?? "");
  else if (number) thread(number);
  else if (!back) list();
}
if (phone.intent.page || phone.intent.number) onIntent(phone.intent); else list();
