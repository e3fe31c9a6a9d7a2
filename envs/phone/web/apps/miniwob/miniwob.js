"use strict";
/* MiniWoB++ on the phone, where its pages were given to it under /miniwob/. Opened by hand it lists the tasks;
   miniwob://TASK?seed=N begins an episode over the whole screen and writes how it stands into the app's database. */
let tasks = {}; // a task's name to its page's
let shown = null; // the episode on the screen
const FREELY = "miniwob:"; // an intent without a task

async function list(wanted = "") {
  shown = null;
  const fresh = turn();
  tasks = await (await fetch("tasks.json")).json();
  const there = (await fetch("/miniwob/miniwob/click-test.html")).ok;
  if (!fresh()) return;
  if (!there) return page({ title: "MiniWoB", main: empty("The pages of MiniWoB++ are not on this phone.") });
  const rows = el("div", {});
  const draw = (words) => rows.replaceChildren(...Object.keys(tasks).filter((name) => name.includes(words))
    .map((name) => row({ title: name, onclick: () => begin(name, null) })));
  draw(wanted);
  page({ title: "MiniWoB", tools: [tool("search", "Search tasks", () => search(draw))], main: rows });
}

function search(draw) {
  const field = searchField("Search tasks", "", (words) => draw(words.trim().toLowerCase()));
  document.querySelector("header").replaceChildren(tool("back", "Navigate up", () => list()), field);
  field.focus();
}

/** Show a task. Without a seed it is for a person at the phone: any problem, a bar, and a word at the end. */
async function begin(task, seed) {
  window.ready = false;
  if (!tasks[task]) tasks = await (await fetch("tasks.json")).json();
  if (!tasks[task]) { phone.toast(`MiniWoB has no task ${task}`); return list(); }
  const frame = el("iframe", { title: task, src: `/miniwob/miniwob/${tasks[task]}.html` });
  const stage = el("div", { id: "stage" }, frame);
  if (seed === null) page({ title: task, up: () => list(), tools: [tool("reload", "New problem", () => begin(task, null))], main: [] });
  else document.body.replaceChildren();
  document.querySelector("main")?.remove();
  document.body.append(stage);
  window.ready = false;
  const mine = (shown = { task, seed, frame, id: null });
  frame.onload = () => (mine.id === null ? start(mine) : report(mine, { raw: 0, reward: 0, reason: "the page was left" }));
}

async function start(mine) {
  const inside = mine.frame.contentWindow;
  webview(mine.frame.contentDocument);
  await until(() => mine !== shown || isReady(inside));
  if (mine !== shown) return;
  beginEpisode(inside, mine.seed, () => report(mine, standing(inside)));
  await until(() => mine !== shown || isReady(inside));
  const id = await phone.run("insert into episodes (task, seed, utterance) values (?, ?, ?)", mine.task, mine.seed, utterance(inside));
  mine.id = id;
  if (mine === shown) window.ready = true;
}

/** Write down how an episode ended; the first end counts. */
async function report(mine, { raw, reward, reason }) {
  if (mine.id === null || mine.ended) return;
  mine.ended = true;
  await phone.run("update episodes set done = 1, raw = ?, reward = ?, reason = ? where id = ?", raw, reward, reason, mine.id);
  if (mine.seed === null) phone.toast(`Reward ${raw.toFixed(2)}`);
}

async function until(holds) {
  while (!holds()) await new Promise((done) => setTimeout(done, 10));
}

function onBack() {
  if (closeDialog()) return true;
  if (!shown) return false;
  if (shown.seed === null) list();
  return true; // an episode is not left by accident
}

function onIntent(intent) {
  const [, task, seed] = /^miniwob:\/*([a-z0-9-]+)\/?(?:\?seed=(\d+))?$/.exec(intent.data ?? FREELY) ?? [];
  if (task) begin(task, seed === undefined ? null : Number(seed)); else if (!shown) list();
}
onIntent(phone.intent);
