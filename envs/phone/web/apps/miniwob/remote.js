"use strict";
/* In a page that `envs.miniwob_server` serves to a browser elsewhere: begins the episode that its address names, and
   tells the server the instruction and every end. Include it after episode.js. */
addEventListener("load", async () => {
  const asked = new URLSearchParams(location.search);
  const ready = async () => { while (!isReady(window)) await new Promise((done) => setTimeout(done, 10)); };
  const tell = (said) => fetch("../told", { method: "POST", body: JSON.stringify({ episode: asked.get("episode"), ...said }) });
  await ready();
  beginEpisode(window, Number(asked.get("seed")), () => tell({ done: true, ...standing(window) }));
  await ready();
  await tell({ utterance: utterance(window) });
});
