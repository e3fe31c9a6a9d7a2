(() => {
  "use strict";
  const PAGE = 50;
  const byId = (id) => document.getElementById(id);
  const { el } = window.handeyeKit;

  const { runs, rows } = JSON.parse(byId("data").textContent);
  const body = byId("rows").tBodies[0];
  const search = byId("search"), verdict = byId("verdict"), group = byId("group");
  const texts = rows.map(([id, task, , answers]) =>
    [id, task, ...answers.flatMap((a) => (a ? [a[1], a[2], a[3], a[6]] : []))].join("\n").toLowerCase());
  let found = [], first = 0;

  const fits = (row, index, words, wanted, label) => {
    const answers = row[3].filter(Boolean);
    if (wanted === "right" && !answers.some((a) => a[0])) return false;
    if (wanted === "wrong" && !answers.some((a) => !a[0])) return false;
    if (wanted === "differ" && new Set(answers.map((a) => a[0])).size < 2) return false;
    if (wanted.startsWith("kind:") && !answers.some((a) => a[1] === wanted.slice(5))) return false;
    if (label && !row[2].some(([kind, value]) => `${kind}=${value}` === label)) return false;
    return words.every((word) => texts[index].includes(word));
  };
  const verdictCell = (answer) => (answer
    ? el("td", {}, el("span", { class: answer[0] ? "good" : "bad" }, answer[0] ? "✓ " : "✗ "), el("bdi", {}, answer[1]), answer[2] && el("div", { class: "soft small" }, answer[2]))
    : el("td", {}, el("span", { class: "soft" }, "not in this run")));
  const answerParts = (answer, index) => {
    if (!answer) return [];
    const [, , , words, seconds, attempt, raw, episode] = answer;
    const name = runs.length > 1 ? `${runs[index]}: ` : "";
    const said = name + (words || (raw ? "" : "nothing is stored"));
    const costs = [seconds === null ? "" : `${seconds} s`, attempt > 1 ? `try ${attempt}` : ""].filter(Boolean);
    return [
      said && el("div", { dir: "auto" }, said),
      costs.length && el("div", { class: "soft small num" }, costs.join(", ")),
      episode && el("a", { href: episode }, `${name}the whole episode`),
      raw && el("details", {}, el("summary", {}, `${name}raw answer`), el("pre", { tabindex: 0, dir: "auto" }, raw)),
    ].filter(Boolean);
  };
  const draw = () => {
    const shown = found.slice(first, first + PAGE).map((index) => {
      const [id, task, labels, answers] = rows[index];
      return el("tr", {},
        el("th", { scope: "row" }, el("bdi", {}, id), el("div", { class: "soft small" }, labels.map((label) => label[1]).join(", "))),
        el("td", { dir: "auto" }, task), answers.map(verdictCell), el("td", {}, answers.map(answerParts)));
    });
    body.replaceChildren(...shown);
    const last = Math.min(first + PAGE, found.length);
    const of = found.length === rows.length ? "" : ` (${rows.length.toLocaleString("en")} in all)`;
    byId("shown").textContent = found.length
      ? `${(first + 1).toLocaleString("en")}–${last.toLocaleString("en")} of ${found.length.toLocaleString("en")}${of}`
      : "No sample fits: change the search or the filters.";
    byId("previous").disabled = first === 0;
    byId("next").disabled = last >= found.length;
  };
  const filter = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = [];
    rows.forEach((row, index) => { if (fits(row, index, words, verdict.value, group.value)) found.push(index); });
    first = 0;
    draw();
  };
  const turn = (pages) => {
    first = Math.max(0, first + pages * PAGE);
    draw();
    byId("rows").scrollIntoView({ block: "start" });
  };
  search.addEventListener("input", filter);
  verdict.addEventListener("change", filter);
  group.addEventListener("change", filter);
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-find]");
    if (!link) return;
    search.value = link.dataset.find;
    verdict.value = group.value = "";
    filter();
  });
  byId("explorer").hidden = false;
  filter();
})();
