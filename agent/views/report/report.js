/*
 * The page of an episode, drawn from plain data. The report embeds the data; the live view sends it.
 *
 * The contract
 * ------------
 * The script builds the whole page (header, tools, timeline, steps, footer, help) inside <body> when it is loaded.
 * It touches the DOM by createElement, setAttribute and textContent only: whatever a text says, it is shown as text.
 *
 *   window.handeye = {
 *     setHeader(header)  shows or replaces the head of the page; `header` is what agent.views.report.header_data returns
 *     addStep(step)      adds a step, or replaces the one with the same `index`; returns its <article>.
 *                        `step` is what agent.views.report.step_data returns
 *     updateStep(change) changes fields of a step: `change` has its `index` and the fields that are new; the rest,
 *                        and the way the step is being looked at, stay. Returns its <article>
 *     announce(text)     says a line to screen readers (a polite live region)
 *     go(index)          scrolls to a step and focuses it
 *     tools              the element of the tool bar, for further controls
 *     overlay(index)     the <svg> over the step's screen, whose user units are pixels of its frame; null if it has none
 *     film               what player.js needs: steps(), screenOf(step, {small}), key(key, does, act)
 *   }
 *
 * The document is told of a step by events with {step, section, view}: "handeye-built" when its elements are made,
 * "handeye-look" when a view of it is chosen.
 *
 * A step (fields may be left out, but for `index`; texts are plain):
 *   index, number, id ("step-3"), title, place ("(258, 258)": coordinates that the title leaves out), when,
 *   tags [{tone, text}], app, alt
 *   frame   {width, height} in pixels
 *   before  the screen that the model saw: a picture; null with `missing` saying why. `small`: the same, less wide
 *   after   the screen afterwards: a picture or null; in a report's own data also "next": `before` of the next step
 *   changes [[x, y, width, height], …] frame pixels that differ between the two; null where unknown
 *   marks   what to draw, in frame pixels, the middle of pixel i being i + 0.5:
 *             {shape: "disc", x, y, radius, filled} | {shape: "line", points: [[x, y], …], filled}
 *             | {shape: "badge", x, y, gap, text} | {shape: "banner", text}
 *   enlarged {x, y, width, height, at: [x, y]}: the part of the frame to show enlarged, and the point in it; or null
 *   caption {kind: "text", text} | {kind: "keys", chords: [["ctrl", "s"], …]} | null
 *   thought, raw, error, notes [text], facts [{name, value}], policy, strict (the policy stopped it)
 *   timings [{phase, label, seconds, text, inside}], total (text), tokens (text)
 * A picture: {src, parts: [{src, x, y, width, height}]}; a `src` is a data: or relative URL, or "#id" of a
 *   <script type="application/json"> of the page that holds such a URL as a JSON string. `parts` are laid over `src`.
 * A header: task, ending {tone, text, message} or null, answer, problems [text], facts [{name, value}],
 *   software [{name, value}], pages [{text, href, current}] of an episode on several pages, foot. Tones are good, bad, warn and wait.
 *
 * The report's own data: <script type="application/json" class="handeye-header"> and any number of "handeye-step".
 */
(() => {
  "use strict";

  const { el, shape, theme } = window.handeyeKit;

  // --- elements ------------------------------------------------------------------------------------------------

  const text = (value) => (value === null || value === undefined ? "" : String(value));

  const ICONS = {
    good: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20Zm-1.4 14.2-4-4 1.6-1.6 2.4 2.4 5.2-5.2 1.6 1.6-6.8 6.8Z",
    bad: "M7.9 2h8.2L22 7.9v8.2L16.1 22H7.9L2 16.1V7.9L7.9 2Zm1.3 5.6L7.6 9.2l2.8 2.8-2.8 2.8 1.6 1.6 2.8-2.8 2.8 2.8 1.6-1.6-2.8-2.8 2.8-2.8-1.6-1.6-2.8 2.8-2.8-2.8Z",
    warn: "M12 2.5 23 21.5H1L12 2.5Zm-1.1 7v6h2.2v-6h-2.2Zm0 7.3V19h2.2v-2.2h-2.2Z",
    wait: "M12 2a10 10 0 1 0 0 20 10 10 0 0 0 0-20Zm-1 5h2v5.2l3.6 2.2-1 1.7-4.6-2.8V7Z",
  };
  const icon = (tone, label) =>
    shape("svg", { class: `icon ${tone}-icon`, viewBox: "0 0 24 24", role: label ? "img" : null, "aria-label": label, "aria-hidden": label ? null : "true" },
      shape("path", { d: ICONS[tone] || ICONS.warn, fill: "currentColor", "fill-rule": "evenodd" }));
  const foreign = (words) => el("bdi", {}, text(words)); // of unknown direction inside a line of ours
  const pairs = (facts, class_) => {
    const rows = (facts || []).filter((fact) => text(fact.value));
    return rows.length ? el("dl", { class: class_ }, rows.map((fact) => el("div", {}, el("dt", {}, text(fact.name)), el("dd", { dir: "auto" }, text(fact.value))))) : null;
  };

  // --- the page around the steps -------------------------------------------------------------------------------

  const head = el("header", { id: "head" });
  const about = el("div", { class: "about" });
  const search = el("input", { type: "search", id: "search", placeholder: "Search the steps", autocomplete: "off", spellcheck: "false", "aria-describedby": "count" });
  const count = el("output", { id: "count", for: "search", "aria-live": "polite" });
  const button = (words, label, key) => el("button", { type: "button", title: key ? `${label} (${key})` : label, "aria-label": label === words ? null : label }, words);
  const back = button("↑", "Previous step", "k");
  const forth = button("↓", "Next step", "j");
  const ask = button("?", "Keyboard help", "?");
  const tools = el("div", { class: "tools", role: "search", "aria-label": "Steps" },
    el("label", { for: "search", class: "spoken" }, "Search the steps"), search, count, el("span", { class: "buttons" }, back, forth, theme.button, ask));
  const total = el("div", { class: "bar total" });
  const legend = el("ul", { class: "legend", "aria-label": "Time by phase" });
  const entries = el("ol", {});
  const nav = el("nav", { class: "timeline", "aria-label": "Timeline" }, el("h2", {}, "Timeline"), total, legend, entries);
  const main = el("main", { id: "steps", "aria-label": "Steps", tabindex: "-1" });
  const nothing = el("p", { class: "step nothing" }, "No step was recorded.");
  const foot = el("footer", { id: "foot" });
  const live = el("p", { class: "spoken", "aria-live": "polite" });
  const KEYS = [["j / →", "next step"], ["k / ←", "the step before"], ["/", "search the steps"], ["Esc", "leave the search"], ["b", "before or after"], ["c", "compare with a slider"], ["f", "flicker between the two"], ["w", "wide picture"], ["t", "light, dark or as the system"], ["?", "this help"]];
  const shut = button("Close", "Close");
  const keyLine = ([key, does]) => el("div", {}, el("dt", {}, el("kbd", {}, key)), el("dd", {}, does));
  const keys = el("dl", { class: "pairs" }, KEYS.map(keyLine));
  const help = el("dialog", { id: "help", "aria-labelledby": "help-title" }, el("h2", { id: "help-title" }, "Keys"), keys,
    el("p", { class: "soft" }, "All of it works by touch and with Tab and Enter, too."), shut);
  main.append(nothing);
  const columns = el("div", { class: "columns" }, nav, main);
  document.body.append(el("a", { class: "skip", href: "#steps" }, "Skip to the steps"), head, about, tools, columns, foot, live, help);

  const pageLinks = (pages, label) => {
    const at = pages.findIndex((page) => page.current);
    const link = (page, words) => page ? el("a", { href: page.href }, words) : null;
    return pages.length ? el("nav", { class: "pages", "aria-label": label },
      link(pages[at - 1], "← Earlier steps"),
      el("details", {}, el("summary", {}, `Page ${at + 1} of ${pages.length}: ${pages[at].text}`),
        el("ol", {}, pages.map((page) => el("li", {}, el("a", { href: page.href, "aria-current": page.current ? "page" : null }, page.text))))),
      link(pages[at + 1], "Later steps →")) : null;
  };
  const setHeader = (header) => {
    const task = text(header.task);
    const ending = header.ending;
    head.replaceChildren(...[
      el("p", { class: "brand" }, text(header.brand) || "Handeye report"),
      el("h1", { class: task.length > 160 ? "long" : null, dir: "auto" }, task),
      ending ? el("div", { class: `ending ${ending.tone}`, role: "status" }, icon(ending.tone),
        el("div", {}, el("strong", {}, text(ending.text)), ending.message ? el("span", { class: "message", dir: "auto" }, text(ending.message)) : null)) : null,
      text(header.answer) ? el("section", { class: "answer", "aria-label": "Answer" }, el("h2", {}, "Answer"), el("div", { dir: "auto" }, header.answer)) : null,
      (header.problems || []).length ? el("section", { class: "problems bad", "aria-label": "Problems in the record" }, el("strong", {}, "Problems in the record"),
        el("ul", { tabindex: scrolls(header.problems.join("\n")) }, header.problems.map((problem) => el("li", {}, problem)))) : null,
    ].filter(Boolean));
    about.replaceChildren(...[
      pairs(header.facts, "facts"),
      (header.software || []).length ? el("details", {}, el("summary", {}, "Settings and software"), pairs(header.software, "pairs")) : null,
      pageLinks(header.pages || [], "Pages"),
    ].filter(Boolean));
    foot.replaceChildren(...[pageLinks(header.pages || [], "Pages, again"), header.foot ? el("p", {}, header.foot) : null].filter(Boolean));
  };

  // --- pictures ------------------------------------------------------------------------------------------------

  const address = (src) => (src.startsWith("#") ? JSON.parse(document.getElementById(src.slice(1)).textContent) : src);
  const layer = (picture, frame, alt, class_) => {
    const images = [picture.src, ...(picture.parts || [])].map((part, n) => {
      const image = el("img", { class: n ? "part" : "base", alt: n ? "" : alt, decoding: "async", draggable: "false", width: n ? null : frame.width, height: n ? null : frame.height });
      if (n) {
        const place = { left: part.x / frame.width, top: part.y / frame.height, width: part.width / frame.width, height: part.height / frame.height };
        for (const [side, share] of Object.entries(place)) image.style.setProperty(side, `${100 * share}%`);
      }
      image.handeyeSource = n ? part.src : part;
      return image;
    });
    return el("div", { class: `layer ${class_}` }, images);
  };
  const screenOf = (step, { small } = {}) => { // one more of the step's screen, with its pictures; null without any
    const shown = (small && step.small) || step.before;
    if (!shown) return null;
    const screen = el("div", { class: "screen" }, layer(shown, step.frame, small ? "" : text(step.alt), "before-layer"), small ? null : drawn(step));
    screen.style.setProperty("aspect-ratio", `${step.frame.width} / ${step.frame.height}`);
    screen.style.setProperty("--ratio", String(step.frame.width / step.frame.height));
    for (const image of screen.querySelectorAll("img")) image.src = address(image.handeyeSource);
    return screen;
  };
  const outline = (mark, class_) => mark.shape === "disc"
    ? shape("circle", { class: class_, cx: mark.x, cy: mark.y, r: mark.radius })
    : shape(mark.filled ? "polygon" : "polyline", { class: class_, points: mark.points.map((point) => point.join(",")).join(" ") });
  const badge = (mark, unit, frame) => {
    const size = 16 * unit;
    const width = 0.6 * size * mark.text.length + 14 * unit;
    const x = mark.x + mark.gap + width <= frame.width ? mark.x + mark.gap : Math.max(0, mark.x - mark.gap - width);
    const y = Math.min(Math.max(mark.y, 14 * unit), frame.height - 14 * unit);
    return shape("g", {}, shape("rect", { class: "badge", x, y: y - 13 * unit, width, height: 26 * unit, rx: 6 * unit, "stroke-width": 2 * unit }),
      shape("text", { class: "badge-words", "font-size": size, x: x + width / 2, y: y + 0.36 * size }, mark.text));
  };
  const drawn = (step) => {
    const frame = step.frame;
    const unit = Math.max(0.5, Math.min(frame.width, frame.height) / 800);
    const marks = step.marks || [];
    const lines = marks.filter((mark) => mark.shape === "disc" || mark.shape === "line");
    return shape("svg", { class: "overlay", viewBox: `0 0 ${frame.width} ${frame.height}`, "aria-hidden": "true" },
      shape("g", { class: "changes" }, (step.changes || []).map(([x, y, width, height]) => ["change-halo", "change"].map((name) =>
        shape("rect", { class: name, x: x - 3 * unit, y: y - 3 * unit, width: width + 6 * unit, height: height + 6 * unit, rx: 3 * unit })))),
      shape("g", { class: "marks" }, lines.map((mark) => outline(mark, mark.filled ? "halo dot" : "halo")), lines.map((mark) => outline(mark, mark.filled ? "solid" : "mark")),
        marks.filter((mark) => mark.shape === "badge").map((mark) => badge(mark, unit, frame))));
  };
  const enlarged = (step) => { // the target and what is around it, with a ring around the point
    const part = step.before && step.enlarged;
    if (!part) return null;
    const { frame } = step;
    const inner = layer(step.before, frame, "", "before-layer");
    const share = (value, whole) => `${(100 * value) / whole}%`;
    for (const [side, value] of [["left", share(-part.x, part.width)], ["top", share(-part.y, part.height)], ["width", share(frame.width, part.width)], ["height", share(frame.height, part.height)]]) inner.style.setProperty(side, value);
    const place = { cx: part.at[0], cy: part.at[1], r: part.width / 24 };
    const box = el("div", { class: "enlarged" }, inner, shape("svg", { class: "overlay", viewBox: `${part.x} ${part.y} ${part.width} ${part.height}`, "aria-hidden": "true" },
      shape("circle", { class: "ring halo", ...place }), shape("circle", { class: "ring", ...place })));
    box.style.setProperty("aspect-ratio", `${part.width} / ${part.height}`);
    return box;
  };
  const changed = (step) => {
    if (!step.changes) return "";
    const number = step.changes.length;
    return number ? `${number} ${number === 1 ? "place has" : "places have"} changed.` : "Nothing has changed.";
  };

  const VIEWS = [["before", "Before"], ["after", "After"], ["compare", "Compare"], ["flicker", "Flicker"]];
  const figure = (entry) => {
    const step = entry.step;
    if (!step.before) return el("figure", {}, el("p", { class: "missing" }, text(step.missing) || "The screen of this step is missing or damaged."), caption(step));
    const frame = step.frame;
    const screen = el("div", { class: "screen" }, layer(step.before, frame, text(step.alt), "before-layer"));
    screen.style.setProperty("aspect-ratio", `${frame.width} / ${frame.height}`);
    screen.style.setProperty("--ratio", String(frame.width / frame.height));
    if (step.after) screen.append(layer(step.after, frame, `The screen after step ${step.number}. ${changed(step)}`, "after-layer"));
    screen.append(drawn(step));
    const built = el("figure", {}, screen);
    entry.screen = screen;
    if (step.after) built.append(...views(entry, built));
    built.append(...[caption(step)].filter(Boolean));
    return built;
  };
  const views = (entry, built) => {
    const number = entry.step.number;
    const slider = el("input", { type: "range", class: "slider", min: 0, max: 100, value: 50, "aria-label": `How much of the screen after step ${number} is shown` });
    const slide = () => entry.screen.style.setProperty("--cut", `${slider.value}%`);
    slider.addEventListener("input", slide);
    slide();
    const choices = VIEWS.map(([view, words]) => {
      const choice = el("button", { type: "button", "aria-pressed": "false" }, words);
      choice.addEventListener("click", () => entry.look(view));
      return [view, choice];
    });
    const wide = el("button", { type: "button", class: "widen", "aria-pressed": String(entry.section.classList.contains("wide")) }, "Wide");
    wide.addEventListener("click", () => entry.widen());
    entry.look = (view) => {
      entry.view = view;
      entry.load();
      clearInterval(entry.flickering);
      for (const [name, choice] of choices) choice.setAttribute("aria-pressed", String(name === view));
      slider.hidden = view !== "compare";
      built.dataset.view = view;
      built.dataset.showing = view === "flicker" ? "before" : view;
      tell("look", entry);
      if (view === "flicker") entry.flickering = setInterval(() => { built.dataset.showing = built.dataset.showing === "before" ? "after" : "before"; }, 700);
    };
    entry.widen = () => {
      entry.section.classList.toggle("wide");
      wide.setAttribute("aria-pressed", String(entry.section.classList.contains("wide")));
    };
    entry.look(entry.view || "before");
    return [el("div", { class: "views", role: "group", "aria-label": `Views of step ${number}` }, choices.map(([, choice]) => choice), wide, el("span", { class: "soft" }, changed(entry.step))), slider];
  };
  const scrolls = (words) => (words.length > 300 || words.split("\n").length > 6 ? "0" : null); // by keys, too
  const caption = (step) => {
    const said = step.caption;
    if (!said) return null;
    if (said.kind === "keys") return el("figcaption", {}, said.chords.map((chord) => el("span", { class: "chord" }, chord.flatMap((key, n) => [n ? " + " : "", el("kbd", {}, key)]))));
    return el("figcaption", {}, el("span", { class: "typed", dir: "auto", tabindex: scrolls(said.text) }, said.text));
  };

  // --- what a step says ----------------------------------------------------------------------------------------

  const note = (title, words, class_) => (text(words) ? el("div", { class: class_ }, el("h3", {}, title), el("p", { dir: "auto" }, text(words))) : null);
  const swatch = (phase) => el("span", { class: `swatch p-${phase}`, "aria-hidden": "true" });
  const seconds = (value) => {
    if (value > 0 && value < 0.00005) return "<0.1 ms";
    if (value < 0.9995) return value >= 0.01 || !value ? `${Math.round(value * 1000)} ms` : `${(value * 1000).toFixed(1)} ms`;
    if (value < 59.95) return `${value.toFixed(1)} s`;
    const minutes = Math.floor(Math.round(value) / 60);
    const two = (number) => String(number).padStart(2, "0");
    return minutes < 60 ? `${minutes} min ${two(Math.round(value) % 60)} s` : `${Math.floor(minutes / 60).toLocaleString("en")} h ${two(minutes % 60)} min`;
  };
  const timings = (step) => {
    const rows = step.timings || [];
    if (!rows.length && !step.tokens) return null;
    const entry = (words, value, class_) => el("li", { class: class_ }, words, " ", el("span", { class: "num" }, value));
    return el("div", {}, el("h3", {}, "Time"), el("ul", { class: "times", "aria-label": `Time of step ${step.number}` },
      step.total ? entry(["all"], step.total, "all") : null,
      rows.map((timing) => entry([timing.inside ? null : swatch(timing.phase), foreign(timing.label)], timing.text, timing.inside ? "inside" : null)),
      step.tokens ? entry(["tokens"], step.tokens) : null));
  };
  const notes = (step, target) => el("div", { class: "notes" },
    target ? el("div", {}, el("h3", {}, "Target, enlarged"), target) : null,
    note("Error", step.error, "bad"), note("Thought", step.thought), step.strict ? note("Policy", step.policy, "bad") : null,
    pairs([{ name: "Policy", value: step.strict ? "" : step.policy }, ...(step.facts || [])], "pairs"),
    (step.notes || []).length ? el("div", {}, el("h3", {}, "Repaired in the answer"), el("ul", {}, step.notes.map((words) => el("li", { dir: "auto" }, words)))) : null,
    timings(step),
    text(step.raw) ? el("details", {}, el("summary", {}, `Raw answer, ${step.raw.length.toLocaleString("en")} characters`), el("pre", { dir: "auto", tabindex: "0" }, step.raw)) : null);

  // --- the steps -----------------------------------------------------------------------------------------------

  const known = new Map(); // by index
  let order = []; // the steps as they stand
  let current = null;
  let follow = true; // the mark follows the scrolling, unless the keys have just chosen a step
  let printing = false;
  let quiet = true; // nothing is said of the steps that the page was opened with

  const watched = (margin, seen, root) => ("IntersectionObserver" in window ? new IntersectionObserver(seen, { rootMargin: margin, root }) : null);
  const near = watched("1500px 0px", (found) => found.forEach((one) => one.target.handeyeEntry.near(one.isIntersecting)));
  const listing = watched("600px 0px", (found) => found.forEach((one) => one.isIntersecting && one.target.handeyeEntry.list()), nav);
  const reading = watched("-15% 0px -75% 0px", (found) => {
    const one = found.find((entry) => entry.isIntersecting);
    if (one && follow) mark(one.target.handeyeEntry);
  });

  const FEW = 60; // steps that a page lays out at once; of more, only those in sight
  const FIND = 1000; // steps up to which all are laid out in time, so that the browser's own search finds them
  const GROUP = 50; // of more steps, so many at a time are laid out, when they come near
  const waiting = [];
  const idle = window.requestIdleCallback ? (work) => requestIdleCallback(work, { timeout: 1000 }) : (work) => setTimeout(() => work({ timeRemaining: () => 8 }), 30);
  const build = (deadline) => {
    while (waiting.length && deadline.timeRemaining() > 3) waiting.shift().build();
    if (waiting.length) idle(build);
  };

  const haystack = (step) => [step.title, step.place, step.app, step.thought, step.raw, step.error, step.policy, step.caption && step.caption.text,
    ...(step.notes || []), ...(step.facts || []).map((fact) => fact.value), ...(step.tags || []).map((tag) => tag.text)].map(text).join("\n").toLowerCase();

  const tell = (what, entry) => document.dispatchEvent(new CustomEvent(`handeye-${what}`, { detail: { step: entry.step, section: entry.section, view: entry.view } }));
  const entryOf = (step) => {
    const entry = { step, view: "before", built: false, hidden: false, group: null, shown: false, flickering: 0, look: () => {}, widen: () => {}, screen: null, enlarged: null, load: () => {} };
    entry.place = () => { // has its elements made
      if (entry.group) entry.group.fill();
      if (entry.section) return;
      entry.section = el("article", { class: "step", id: step.id, tabindex: "-1" });
      entry.item = el("li", {});
      entry.section.handeyeEntry = entry.item.handeyeEntry = entry;
      entry.section.hidden = entry.item.hidden = entry.hidden;
    };
    Object.defineProperty(entry, "words", { get: () => (entry.searched ??= haystack(entry.step)) });
    entry.list = () => { // its line in the timeline
      const now = entry.step;
      const tags = now.tags || [];
      entry.item.replaceChildren(el("a", { href: `#${now.id}` }, el("span", { class: "num soft" }, String(now.number)),
        el("span", { class: "words" }, tags.length ? icon(tags[0].tone, tags[0].text) : null, foreign(now.title)), el("span", { class: "num soft" }, text(now.total)), bar(phasesOf(now))));
      if (entry === current) entry.item.firstChild.setAttribute("aria-current", "step");
    };
    entry.build = () => {
      if (entry.built) return;
      entry.built = true;
      const now = entry.step;
      entry.section.setAttribute("aria-labelledby", `${now.id}-title`);
      entry.section.replaceChildren(el("div", { class: "head" },
        el("h2", { id: `${now.id}-title` }, el("span", { class: "number num" }, `Step ${now.number} · `), foreign(now.title), now.place ? el("small", { class: "place num" }, ` ${now.place}`) : null),
        (now.tags || []).map((tag) => el("span", { class: `tag ${tag.tone}` }, icon(tag.tone), text(tag.text))),
        now.when ? el("span", { class: "when num" }, now.when) : null),
        el("div", { class: "body" }, figure(entry), notes(now, entry.enlarged = enlarged(now))));
      tell("built", entry);
    };
    entry.near = (is) => {
      if (is) entry.build();
      if (reading && is !== entry.shown) reading[is ? "observe" : "unobserve"](entry.section); // each costs every frame
      entry.shown = is;
      if (!is && entry.view === "flicker") entry.look("before");
      entry.load();
    };
    entry.load = () => { // pictures that are in sight, or soon will be; no others
      if (!entry.screen) return;
      const places = [entry.screen, entry.enlarged].filter(Boolean);
      for (const image of places.flatMap((place) => [...place.querySelectorAll("img")])) {
        const needed = (entry.shown || printing) && (entry.view !== "before" || entry === current || image.parentElement.classList.contains("before-layer"));
        if (needed && !image.hasAttribute("src")) image.src = address(image.handeyeSource);
        if (!needed && !printing && image.hasAttribute("src")) image.removeAttribute("src");
      }
    };
    entry.renew = () => {
      entry.searched = null;
      entry.seconds = phasesOf(entry.step).reduce((sum, timing) => sum + timing.seconds, 0);
      clearInterval(entry.flickering);
      entry.built = false;
      const few = order.length <= FEW;
      columns.classList.toggle("many", !few);
      if (!entry.section) return; // of a group, not yet laid out
      entry.list();
      if (entry.shown) entry.near(true);
      else if (few) entry.build();
      else if (waiting.push(entry) === 1) idle(build);
    };
    return entry;
  };

  const phasesOf = (step) => (step.timings || []).filter((timing) => !timing.inside && timing.seconds > 0);
  const bar = (parts) => el("span", { class: "bar", "aria-hidden": "true" }, parts.map((timing) => {
    const part = el("span", { class: `p-${timing.phase}` });
    part.style.setProperty("width", `calc(100% * ${timing.seconds} / var(--longest, 1))`);
    return part;
  }));
  let summing = false;
  const sum = () => { // at most once a frame
    if (summing) return;
    summing = true;
    requestAnimationFrame(() => {
      summing = false;
      const phases = new Map();
      let longest = 0;
      for (const entry of order) {
        longest = Math.max(longest, entry.seconds);
        for (const timing of phasesOf(entry.step)) {
          const so_far = phases.get(timing.phase);
          if (so_far) so_far.seconds += timing.seconds;
          else phases.set(timing.phase, { ...timing });
        }
      }
      const all = [...phases.values()];
      nav.style.setProperty("--longest", String(longest || 1));
      total.style.setProperty("--longest", String(all.reduce((seconds, timing) => seconds + timing.seconds, 0) || 1));
      total.replaceChildren(...(all.length ? [bar(all)] : []));
      legend.replaceChildren(...all.map((timing) => el("li", {}, swatch(timing.phase), el("span", {}, timing.label), el("span", { class: "num" }, seconds(timing.seconds)))));
      tally();
    });
  };

  const addStep = (step) => {
    if (known.has(step.index)) return replace(known.get(step.index), step);
    groups.splice(0).forEach((group) => group.fill());
    const entry = entryOf(whole(step));
    known.set(step.index, entry);
    const last = order.length && order[order.length - 1].step.index < step.index;
    const after = last ? -1 : order.findIndex((other) => other.step.index > step.index);
    const next = after < 0 ? null : order[after];
    order.splice(after < 0 ? order.length : after, 0, entry);
    nothing.remove();
    entry.place();
    entry.renew();
    if (next) next.section.before(entry.section);
    else main.append(entry.section);
    if (next) next.item.before(entry.item);
    else entries.append(entry.item);
    watch(entry);
    filterOne(entry);
    sum();
    if (!quiet) announce(`Step ${entry.step.number}: ${entry.step.title}`);
    return entry.section;
  };
  const whole = (step) => ({ number: step.index + 1, id: `step-${step.index + 1}`, ...step });
  const watch = (entry) => {
    if (near) near.observe(entry.section);
    else entry.near(true);
  };
  const groups = []; // of a page with many steps
  const addGroup = (steps) => {
    const group = { steps: el("div", { class: "group" }), lines: el("ol", { class: "group" }), entries: steps.map((step) => entryOf(whole(step))) };
    group.fill = () => {
      if (group.steps.firstChild) return;
      group.steps.append(...group.entries.map((entry) => {
        entry.group = null;
        entry.place();
        entry.list();
        return entry.section;
      }));
      group.lines.append(...group.entries.map((entry) => entry.item));
      group.entries.forEach(watch);
    };
    group.size = () => {
      const shown = group.entries.filter((entry) => !entry.hidden).length;
      for (const part of [group.steps, group.lines]) {
        part.hidden = !shown;
        part.style.setProperty("--shown", String(shown));
      }
    };
    for (const entry of group.entries) {
      entry.group = group;
      known.set(entry.step.index, entry);
      order.push(entry);
      entry.renew();
    }
    groups.push(group);
    group.size();
    nothing.remove();
    main.append(group.steps);
    nav.append(group.lines);
    group.steps.handeyeEntry = { near: (is) => is && group.fill() };
    group.lines.handeyeEntry = { list: group.fill };
    if (near) near.observe(group.steps);
    if (listing) listing.observe(group.lines);
    else group.fill();
    sum();
  };
  const replace = (entry, step) => {
    entry.place();
    const focused = entry.section.contains(document.activeElement);
    entry.step = whole(step);
    entry.renew();
    if (focused && !entry.section.contains(document.activeElement)) entry.section.focus({ preventScroll: true });
    filterOne(entry);
    sum();
    return entry.section;
  };
  const updateStep = (change) => {
    const entry = known.get(change.index);
    return entry ? replace(entry, { ...entry.step, ...change }) : addStep(change);
  };
  const announce = (words) => { live.textContent = text(words); };
  const overlay = (index) => {
    const entry = known.get(index);
    if (entry) {
      entry.place();
      entry.build();
    }
    return entry && entry.screen ? entry.screen.querySelector("svg.overlay") : null;
  };

  // --- moving about --------------------------------------------------------------------------------------------

  const visible = () => order.filter((entry) => !entry.hidden);
  const mark = (entry) => {
    if (entry === current) return;
    const last = current;
    current = entry;
    if (last) last.item.firstChild.removeAttribute("aria-current");
    if (last) last.load();
    entry.load();
    entry.item.firstChild.setAttribute("aria-current", "step");
    if (nav.scrollHeight > nav.clientHeight) nav.scrollTop = entry.item.offsetTop - nav.clientHeight / 2;
  };
  const visit = (entry) => {
    follow = false;
    entry.place();
    entry.near(true);
    entry.section.focus({ preventScroll: true });
    entry.section.scrollIntoView({ block: "start", behavior: "instant" });
    mark(entry);
  };
  const go = (index) => { if (known.has(index)) visit(known.get(index)); };
  const walk = (way) => {
    const steps = visible();
    if (!steps.length) return;
    const at = current && !current.hidden ? steps.indexOf(current) : -1;
    visit(steps[at < 0 ? 0 : Math.max(0, Math.min(steps.length - 1, at + way))]);
  };
  back.addEventListener("click", () => walk(-1));
  forth.addEventListener("click", () => walk(1));
  nav.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    const entry = link && link.parentElement.handeyeEntry;
    if (!entry || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    history.replaceState(null, "", link.hash);
    visit(entry);
  });
  for (const kind of ["wheel", "touchmove", "pointerdown"]) document.addEventListener(kind, () => { follow = true; }, { passive: true });
  document.addEventListener("focusin", (event) => {
    const section = event.target.closest(".step");
    if (section && section.handeyeEntry) mark(section.handeyeEntry);
  });

  // --- search --------------------------------------------------------------------------------------------------

  let wanted = [];
  const filterOne = (entry) => {
    entry.hidden = !wanted.every((word) => entry.words.includes(word));
    if (entry.section && entry.section.hidden !== entry.hidden) entry.section.hidden = entry.item.hidden = entry.hidden;
  };
  const tally = () => {
    const words = wanted.length ? `${visible().length.toLocaleString("en")} of ${order.length.toLocaleString("en")} steps` : `${order.length.toLocaleString("en")} ${order.length === 1 ? "step" : "steps"}`;
    if (count.textContent !== words) count.textContent = words;
  };
  const find = () => {
    wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    order.forEach(filterOne);
    groups.forEach((group) => group.size());
    tally();
  };
  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(find, 120);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") walk(0);
    if (event.key !== "Escape") return;
    search.value = "";
    find();
    search.blur();
  });

  // --- theme, help, keys ---------------------------------------------------------------------------------------

  const explain = () => (help.open ? help.close() : help.showModal());
  ask.addEventListener("click", explain);
  shut.addEventListener("click", () => help.close());

  const looking = (view) => {
    if (!current) return;
    current.near(true);
    current.look(current.view === view ? "before" : view);
  };
  const ACTIONS = {
    j: () => walk(1), ArrowRight: () => walk(1), k: () => walk(-1), ArrowLeft: () => walk(-1),
    "/": () => search.focus(), b: () => looking("after"), c: () => looking("compare"), f: () => looking("flicker"),
    w: () => current && current.widen(), t: theme.turn, "?": explain,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const act = ACTIONS[event.key];
    const writing = event.target.closest("input, textarea, select, [contenteditable]");
    const scrolling = event.key.startsWith("Arrow") && event.target.closest("pre, [role=slider]");
    if (!act || writing || scrolling || (help.open && event.key !== "?")) {
      follow = true;
      return;
    }
    event.preventDefault();
    act();
  });
  window.addEventListener("afterprint", () => { printing = false; });
  window.addEventListener("beforeprint", () => {
    printing = true;
    visible().forEach((entry) => { entry.place(); entry.near(true); });
  });

  const addKey = (key, does, act) => {
    ACTIONS[key] = act;
    keys.append(keyLine([key, does]));
  };
  const film = { steps: () => order.map((entry) => entry.step), screenOf, key: addKey };
  window.handeye = { setHeader, addStep, updateStep, announce, go, tools, overlay, film };

  // --- the data of a report ------------------------------------------------------------------------------------

  const steps = [...document.querySelectorAll("script.handeye-step")].map((data) => JSON.parse(data.textContent));
  steps.forEach((step, at) => { if (step.after === "next") step.after = steps[at + 1].before; });
  if (steps.length <= FIND) steps.forEach(addStep);
  else for (let at = 0; at < steps.length; at += GROUP) addGroup(steps.slice(at, at + GROUP));
  const data = document.querySelector("script.handeye-header");
  if (data) setHeader(JSON.parse(data.textContent));
  tally();
  quiet = false;
  const asked = known.get(Number(location.hash.replace("#step-", "")) - 1);
  if (asked && location.hash.startsWith("#step-")) visit(asked);
})();
