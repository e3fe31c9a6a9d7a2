"use strict";
const LENGTHS = [[15, "15 minutes"], [30, "30 minutes"], [45, "45 minutes"], [60, "1 hour"], [90, "1 hour 30 minutes"], [120, "2 hours"], [180, "3 hours"], [240, "4 hours"], [480, "8 hours"]];
const lengthOf = (minutes) => LENGTHS.find(([value]) => value === minutes)?.[1] ?? `${minutes} minutes`;
let back = null;
let today = "";
let chosen = "";
let view = "month";

async function show() {
  back = null;
  const fresh = turn();
  today = iso(await phone.now());
  chosen ||= today;
  const events = await phone.rows("select * from events order by date, time, id");
  if (!fresh()) return;
  const other = view === "month" ? "Agenda" : "Month";
  page({ title: "Calendar", tools: [textButton("Today", () => { chosen = today; show(); }), textButton(other, () => { view = other.toLowerCase(); show(); })],
    main: view === "month" ? month(events) : agenda(events),
    round: fab("plus", "Create event", () => edit({ title: "", date: chosen, time: "10:00", duration: 60, location: "" })) });
}

function month(events) {
  const date = day(chosen);
  const turned = (by) => { chosen = iso(new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + by, 1))); show(); };
  const marked = new Set(events.map((one) => one.date));
  const grid = monthGrid(date, chosen, today, (one) => { chosen = iso(one); show(); }, (one, button) => button.classList.toggle("dot", marked.has(iso(one))));
  const here = events.filter((one) => one.date === chosen);
  return [monthBar(date, turned), el("div", { className: "sheet" }, grid), el("div", { className: "section", textContent: longDate(date) }),
    here.length ? here.map(line) : empty("No events")];
}

function agenda(events) {
  const coming = events.filter((one) => one.date >= today);
  if (!coming.length) return empty("No upcoming events");
  const lines = [];
  for (const [n, one] of coming.entries()) {
    if (one.date !== coming[n - 1]?.date) lines.push(el("div", { className: "section", textContent: longDate(day(one.date)) }));
    lines.push(line(one));
  }
  return lines;
}

function line(one) {
  const made = row({ title: one.title, note: [lengthOf(one.duration), one.location].filter(Boolean).join(" · "), start: el("time", { textContent: one.time }), onclick: () => facts(one.id) });
  made.classList.add("event");
  return made;
}

async function facts(id) {
  back = show;
  const fresh = turn();
  const one = (await phone.rows("select * from events where id = ?", id))[0];
  if (!fresh()) return;
  if (!one) return show();
  const remove = () => confirmed("Delete this event?", `${one.title}, ${longDate(day(one.date))}`, "Delete", async () => {
    await phone.run("delete from events where id = ?", id);
    phone.toast("Event deleted");
    show();
  });
  const fact = (sign, words) => (words ? el("p", {}, icon(sign), el("span", { textContent: words })) : null);
  page({ up: show, tools: [tool("pen", "Edit event", () => edit(one)), tool("bin", "Delete event", remove)],
    main: el("div", { className: "facts" }, el("h2", { textContent: one.title }), fact("clock", `${longDate(day(one.date))}, ${one.time}`),
      fact("text", lengthOf(one.duration)), fact("place", one.location)) });
}

function edit(one) {
  back = () => (one.id ? facts(one.id) : show());
  const said = { ...one };
  const title = input("Title", { value: one.title, hint: "Add title" });
  const place = input("Location", { value: one.location });
  const note = () => el("small", {});
  const [date, time, length] = [note(), note(), note()];
  const tell = () => { date.textContent = longDate(day(said.date)); time.textContent = said.time; length.textContent = lengthOf(said.duration); };
  const part = (sign, words, value, onclick) => row({ title: words, start: icon(sign), extra: value, onclick });
  const save = async () => {
    const values = [title.value.trim(), said.date, said.time, said.duration, place.value.trim()];
    if (!values[0]) { phone.toast("An event needs a title"); return; }
    if (one.id) await phone.run("update events set title = ?, date = ?, time = ?, duration = ?, location = ? where id = ?", ...values, one.id);
    else await phone.run("insert into events (title, date, time, duration, location) values (?, ?, ?, ?, ?)", ...values);
    chosen = said.date;
    phone.toast("Event saved");
    show();
  };
  page({ title: one.id ? "Edit event" : "New event", up: back, tools: [textButton("Save", save, "tonal")], main: [
    labelled("Title", title),
    part("date", "Date", date, () => pickDate("Select date", said.date, today, (value) => { said.date = value; tell(); })),
    part("clock", "Time", time, () => pickTime("Select time", ...said.time.split(":").map(Number), (h, m) => { said.time = `${pad(h)}:${pad(m)}`; tell(); })),
    part("text", "Duration", length, () => choose("Duration", LENGTHS, said.duration, (value) => { said.duration = value; tell(); })),
    labelled("Location", place)] });
  tell();
}

function onBack() {
  if (closeDialog()) return true;
  if (back) { back(); return true; }
  if (view !== "month") { view = "month"; show(); return true; }
  return false;
}
function onIntent() { if (!back) show(); }
show();
