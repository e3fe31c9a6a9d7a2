/*
 * An episode on the site, beside report.js, which draws the page: what a step's question was, as the site makes it again,
 * and where the next screen differs, both asked for when they are looked at. Texts are set by textContent only.
 */
(() => {
  "use strict";

  const { el } = window.handeyeKit;
  const actions = document.querySelector(".actions");
  if (actions && matchMedia("(max-width: 56rem)").matches) actions.open = false; // the film comes first
  const shown = (part) => (typeof part === "string" ? el("pre", { tabindex: 0, dir: "auto" }, part)
    : el("img", { loading: "lazy", alt: `The screen of step ${part.number}, ${part.width} by ${part.height} pixels as sent.`, src: part.src, width: part.width, height: part.height }));
  const message = (one) => el("div", { class: "sent-message" }, el("h4", {}, one.role), one.parts.map(shown));
  const fetched = async (address) => {
    const answer = await fetch(address);
    const data = await answer.json();
    if (!answer.ok) throw new Error(data.error);
    return data;
  };

  document.addEventListener("handeye-built", ({ detail: { step, section } }) => {
    const sent = el("details", { class: "sent" }, el("summary", {}, "Prompt and pictures as sent"));
    sent.addEventListener("toggle", async () => {
      if (!sent.open || sent.children.length > 1) return;
      const waiting = sent.appendChild(el("p", { class: "sent-note" }, "Asked for…"));
      try {
        const question = await fetched(`sent/${step.index}`);
        waiting.replaceWith(...question.notes.map((note) => el("p", { class: "sent-note" }, note)), ...question.messages.map(message));
      } catch (error) {
        waiting.textContent = `It cannot be shown: ${error.message}`;
      }
    });
    section.append(sent);
  });

  const asked = new Set();
  document.addEventListener("handeye-look", async ({ detail: { step, view } }) => {
    if (view === "before" || step.changes || asked.has(step.index)) return;
    asked.add(step.index);
    const { changes } = await fetched(`changes/${step.index}`);
    if (changes) window.handeye.updateStep({ index: step.index, changes });
  });
})();
