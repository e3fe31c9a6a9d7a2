/*
 * Light, dark or as the system: one button for every page, kept for all of them where the browser keeps anything.
 *
 * An element with the id "theme-place" gets the button; other scripts have it as window.handeyeTheme.
 */
(() => {
  "use strict";

  const root = document.documentElement;
  const button = document.createElement("button");
  const kept = (name) => {
    try { // a page from a file may have no storage
      if (name) localStorage.setItem("handeye-theme", name);
      return localStorage.getItem("handeye-theme");
    } catch {
      return null;
    }
  };
  const wear = (name) => {
    if (name === "auto") delete root.dataset.theme;
    else root.dataset.theme = name;
    button.textContent = `Theme: ${name}`;
  };
  const turn = () => { // first the other one than is shown, then the one of the system, then as the system
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? ["light", "dark"] : ["dark", "light"];
    const order = ["auto", ...system];
    const next = order[(order.indexOf(root.dataset.theme || "auto") + 1) % order.length];
    wear(next);
    kept(next);
  };
  button.type = "button";
  button.id = "theme";
  button.title = "Light, dark, or as the system";
  button.addEventListener("click", turn);
  wear(["light", "dark"].includes(kept()) ? kept() : "auto");
  const place = document.getElementById("theme-place");
  if (place) place.append(button);
  window.handeyeTheme = { button, turn };
})();
