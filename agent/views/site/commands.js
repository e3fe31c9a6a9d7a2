/*
 * Commands of the site, where it takes any: they carry the token that is in its pages alone. What a program says is
 * set by textContent; only an address of a live page on this machine becomes a link.
 */
(() => {
  "use strict";

  const home = document.body.dataset.home;
  const token = document.querySelector('meta[name="handeye-token"]').content;
  const said = document.getElementById("said");
  const say = (words) => {
    if (!said) return;
    said.textContent = words;
    said.hidden = !words;
  };
  const send = async (command) => {
    say("");
    try {
      const answer = await fetch(`${home}do`, { method: "POST", headers: { "Content-Type": "application/json", "X-Handeye-Token": token }, body: JSON.stringify(command) });
      const data = await answer.json();
      if (!answer.ok) throw new Error(data.error);
      const page = `${home}jobs/${data.job}`;
      if (location.pathname !== page) location.assign(page);
    } catch (error) {
      say(error.message);
    }
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-start]");
    if (button) send(JSON.parse(button.dataset.start));
  });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-command]");
    if (!form) return;
    event.preventDefault();
    const values = Object.fromEntries([...new FormData(form)].filter(([, value]) => value));
    if (values.max_steps) values.max_steps = Number(values.max_steps);
    send({ do: form.dataset.command, ...values });
  });

  const job = document.getElementById("job");
  if (!job) return;
  const live = document.getElementById("job-live");
  const words = document.getElementById("job-words");
  const log = document.getElementById("job-log");
  const show = (state) => {
    words.textContent = state.words;
    words.className = `note ${state.tone}`;
    if (log.textContent !== state.log) {
      const end = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
      log.textContent = state.log;
      if (end) log.scrollTop = log.scrollHeight;
    }
    live.hidden = !state.live;
    if (state.live) live.href = state.live;
    document.getElementById("job-stop").hidden = !state.lives;
    return state.lives;
  };
  const follow = async () => {
    let again = true;
    try {
      const answer = await fetch(job.dataset.state);
      again = answer.ok ? show(await answer.json()) : answer.status !== 404;
    } catch {
      words.textContent = "The site does not answer; asking again";
      words.className = "note bad";
    }
    if (again) setTimeout(follow, 1000);
  };
  follow();
})();
