/*
 * The film of an episode on its page (report.js, window.handeye): the screens one after another, with a strip of all.
 *
 * It is there where the page has the data of a report and more than one step. Step by step or playing, at a chosen
 * speed or in the run's own time; the strip loads what is in sight of it. Texts are set by textContent only.
 */
(() => {
  "use strict";

  const { el } = window.handeyeKit;
  const { steps, screenOf, key } = window.handeye.film;
  if (steps().length < 2 || !document.querySelector("script.handeye-header")) return;

  const SECONDS = 1.5; // that a step is shown at speed 1, as in an exported film
  const LONGEST = 10; // seconds that a step is shown in the run's own time, at most
  const SPEEDS = [["0.5", "½×"], ["1", "1×"], ["2", "2×"], ["4", "4×"], ["own", "As it ran"]];
  const MOST = 300; // screens in the strip; of more steps, every second, third … one
  const all = steps();
  const every = Math.ceil(all.length / MOST);
  let at = 0;
  let timer = 0;

  const button = (words, label, keys) => el("button", { type: "button", "aria-label": label, title: keys ? `${label} (${keys})` : label }, words);
  const back = button("‹", "One screen back", ",");
  const play = button("▶ Play", "Play the film", "p");
  const forth = button("›", "One screen on", ".");
  const scrub = el("input", { type: "range", class: "scrub", min: 1, max: all.length, step: 1, value: 1, "aria-label": "Step of the film" });
  const speed = el("select", { "aria-label": "Speed of the film" }, SPEEDS.map(([value, words]) => el("option", { value, selected: value === "1" }, words)));
  const words = el("span", { class: "film-words" });
  const stage = el("div", { class: "film-stage" });
  const open = button("Open this step", "Open this step");
  const strip = el("ol", { class: "film-strip", "aria-label": "All screens" });
  const film = el("section", { id: "film", "aria-label": "Film" },
    stage, el("p", { class: "film-caption" }, words, open),
    el("div", { class: "film-controls" }, back, play, forth, scrub, speed), strip);
  document.getElementById("head").after(film);

  // --- the strip -----------------------------------------------------------------------------------------------

  const fill = (item, near) => {
    const frame = item.firstChild.firstChild;
    if (near && !frame.firstChild) frame.append(screenOf(item.handeyeStep, { small: true }) || el("span", { class: "film-missing" }, "no screen"));
    if (!near) frame.replaceChildren();
  };
  const sight = "IntersectionObserver" in window
    ? new IntersectionObserver((found) => found.forEach((one) => fill(one.target, one.isIntersecting)), { root: strip, rootMargin: "0px 400px" }) : null;
  const items = all.filter((_, place) => place % every === 0).map((step, number) => {
    const item = el("li", {}, el("button", { type: "button", tabindex: "-1", "aria-label": `Step ${step.number}: ${step.title}` },
      el("span", { class: "film-thumb" }), el("span", { class: "num" }, (step.tags || []).length ? `${step.number} !` : String(step.number))));
    if ((step.tags || []).length) item.firstChild.classList.add(`film-${step.tags[0].tone}`);
    item.handeyeStep = step;
    item.firstChild.addEventListener("click", () => { go(number * every); });
    strip.append(item);
    if (sight) sight.observe(item);
    else fill(item, true);
    return item;
  });

  // --- the stage -----------------------------------------------------------------------------------------------

  const show = (place) => {
    const last = items[Math.floor(at / every)].firstChild;
    last.removeAttribute("aria-current");
    last.tabIndex = -1;
    at = Math.max(0, Math.min(all.length - 1, place));
    const step = all[at];
    const item = items[Math.floor(at / every)];
    item.firstChild.setAttribute("aria-current", "step");
    item.firstChild.tabIndex = 0;
    stage.replaceChildren(screenOf(step) || el("p", { class: "missing" }, step.missing || "The screen of this step is missing or damaged."));
    words.replaceChildren(el("strong", { class: "num" }, `Step ${step.number} of ${all[all.length - 1].number}`), " · ", el("bdi", {}, step.title));
    scrub.value = String(at + 1);
    scrub.setAttribute("aria-valuetext", `Step ${step.number}: ${step.title}`);
    strip.scrollLeft = item.offsetLeft - (strip.clientWidth - item.clientWidth) / 2;
  };
  open.addEventListener("click", () => {
    pause();
    window.handeye.go(all[at].index);
  });

  // --- playing -------------------------------------------------------------------------------------------------

  const wait = () => {
    if (speed.value !== "own") return SECONDS / Number(speed.value);
    const own = (all[at].timings || []).reduce((sum, timing) => sum + (timing.inside ? 0 : timing.seconds), 0);
    return Math.max(0.1, Math.min(LONGEST, own));
  };
  const tick = () => {
    timer = setTimeout(() => {
      show(at + 1);
      if (at === all.length - 1) pause();
      else tick();
    }, 1000 * wait());
  };
  const label = (playing) => {
    play.textContent = playing ? "⏸ Pause" : "▶ Play";
    play.setAttribute("aria-label", playing ? "Pause the film" : "Play the film");
  };
  const pause = () => {
    clearTimeout(timer);
    timer = 0;
    label(false);
  };
  const turn = () => {
    if (timer) return pause();
    if (at === all.length - 1) show(0);
    label(true);
    return tick();
  };
  const go = (place) => { pause(); show(place); };
  play.addEventListener("click", turn);
  back.addEventListener("click", () => go(at - 1));
  forth.addEventListener("click", () => go(at + 1));
  stage.addEventListener("click", turn);
  strip.addEventListener("keydown", (event) => {
    const place = { ArrowLeft: at - every, ArrowRight: at + every, Home: 0, End: all.length - 1 }[event.key];
    if (place === undefined) return;
    event.preventDefault();
    go(place);
    items[Math.floor(at / every)].firstChild.focus({ preventScroll: true });
  });
  scrub.addEventListener("input", () => go(Number(scrub.value) - 1));
  speed.addEventListener("change", () => {
    if (!timer) return;
    clearTimeout(timer);
    tick();
  });
  key("p", "play the film, or pause it", turn);
  key(",", "one screen back in the film", () => go(at - 1));
  key(".", "one screen on in the film", () => go(at + 1));
  show(0);
})();
