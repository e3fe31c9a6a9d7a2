(() => {
  "use strict";
  const PAGE = 50;
  const byId = (id) => document.getElementById(id);
  const make = (name, text, className) => {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    if (className) node.className = className;
    return node;
  };

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
  const verdictCell = (answer) => {
    const cell = make("td");
    if (!answer) {
      cell.append(make("span", "not in this run", "soft"));
      return cell;
    }
    cell.append(make("span", answer[0] ? "✓ " : "✗ ", answer[0] ? "good" : "bad"), make("bdi", answer[1]));
    if (answer[2]) cell.append(make("div", answer[2], "soft small"));
    return cell;
  };
  const answerParts = (answer, index) => {
    if (!answer) return [];
    const parts = [];
    const name = runs.length > 1 ? `${runs[index]}: ` : "";
    const said = make("div", name + (answer[3] || (answer[6] ? "" : "nothing is stored")));
    said.dir = "auto";
    if (said.textContent) parts.push(said);
    const costs = [];
    if (answer[4] !== null) costs.push(`${answer[4]} s`);
    if (answer[5] > 1) costs.push(`try ${answer[5]}`);
    if (costs.length) parts.push(make("div", costs.join(", "), "soft small num"));
    if (answer[7]) {
      const whole = make("a", `${name}the whole episode`);
      whole.href = answer[7];
      parts.push(whole);
    }
    if (answer[6]) {
      const details = make("details");
      const raw = make("pre", answer[6]);
      raw.tabIndex = 0;
      raw.dir = "auto";
      details.append(make("summary", `${name}raw answer`), raw);
      parts.push(details);
    }
    return parts;
  };
  const draw = () => {
    const shown = found.slice(first, first + PAGE).map((index) => {
      const [id, task, labels, answers] = rows[index];
      const line = make("tr");
      const name = make("th");
      name.scope = "row";
      name.append(make("bdi", id), make("div", labels.map((label) => label[1]).join(", "), "soft small"));
      const asked = make("td", task);
      asked.dir = "auto";
      const answered = make("td");
      answers.forEach((answer, run) => answered.append(...answerParts(answer, run)));
      line.append(name, asked, ...answers.map(verdictCell), answered);
      return line;
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
