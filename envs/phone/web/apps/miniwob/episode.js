"use strict";
/* What is said to a page of MiniWoB++, whose window is `view`: begin an episode, and how it stands. No clock runs. */

/** Whether the page may begin an episode or be worked on. */
function isReady(view) {
  return Boolean(view.core?.cover_div && view.WOB_TASK_READY && view.document.readyState === "complete");
}

/** Begin an episode, the one of `seed` unless that is null; `ended` is called at every end of one. */
function beginEpisode(view, seed, ended) {
  const style = view.document.createElement("style");
  style.textContent = "#reward-display, #click-canvas { display: none !important } html, body { background: #fff }";
  view.document.head.append(style);
  const { core } = view;
  core.EPISODE_MAX_TIME = 2e9; // 23 days: a browser takes anything above 2**31 - 1 for 0
  if (seed !== null) view.Math.seedrandom(seed);
  const end = core.endEpisode;
  core.endEpisode = (...all) => { end(...all); ended(); };
  core.startEpisodeReal();
  core.startEpisode = () => {}; // no START cover, on which a second tap would begin another episode
}

/** The instruction in one line, as AndroidWorld's app tells it: an icon in it is not told. */
function utterance(view) {
  return view.document.getElementById("query").textContent.replace(/\s+/g, " ").trim();
}

/** The rewards (`raw` has no factor for time), 0 until an end. */
function standing(view) {
  return { raw: view.WOB_RAW_REWARD_GLOBAL, reward: view.WOB_REWARD_GLOBAL, reason: view.WOB_REWARD_REASON ?? "" };
}
