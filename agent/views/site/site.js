/*
 * The site's own pages: the filters of the index as one types, commands, and the state of a started program.
 * Without scripts the filters are a form. Texts are set by textContent only; what is fetched as HTML is the site's own.
 */
(() => {
  "use strict";

  const home = document.body.dataset.home;

  addEventListener("beforeprint", () => document.querySelectorAll("img[loading]").forEach((image) => { image.loading = "eager"; }));

  // --- the index -------------------------------------------------------------------------------------------------

  const filters = document.getElementById("filters");
  if (filters) {
    let typing = 0;
    let asked = 0;
    const show = async () => {
      const values = [...new FormData(filters)].filter(([, value]) => value);
      const address = values.length ? `${home}?${new URLSearchParams(values)}` : home;
      const mine = ++asked;
      const answer = await fetch(address);
      if (!answer.ok || mine !== asked) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine !== asked) return;
      document.getElementById("list").replaceWith(page.getElementById("list"));
      history.replaceState(null, "", address);
    };
    filters.addEventListener("input", (event) => {
      clearTimeout(typing);
      typing = setTimeout(show, event.target.type === "search" ? 150 : 0);
    });
    filters.addEventListener("submit", (event) => {
      event.preventDefault();
      show();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || event.target.closest("input, select, textarea")) return;
      event.preventDefault();
      filters.elements.q.focus();
    });
  }
})();
