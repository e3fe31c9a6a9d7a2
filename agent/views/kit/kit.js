/*
 * What the scripts of all pages share, as window.handeyeKit:
 *
 *   el(name, attributes, ...children)     an element; shape(…) the same in SVG. Texts among the children are text nodes,
 *                                         attributes that are null or false are left out. Nothing is ever parsed as HTML.
 *   theme {button, turn()}                light, dark or as the system, kept for all pages where the browser keeps
 *                                         anything. An element with the id "theme-place" gets the button.
 */
(() => {
  "use strict";

  const SVG = "http://www.w3.org/2000/svg";
  const fill = (node, attributes, children) => {
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value));
    }
    node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== ""));
    return node;
  };
  const el = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
  const shape = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

  const root = document.documentElement;
  const button = el("button", { type: "button", id: "theme", title: "Light, dark, or as the system" });
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
  button.addEventListener("click", turn);
  wear(["light", "dark"].includes(kept()) ? kept() : "auto");
  const place = document.getElementById("theme-place");
  if (place) place.append(button);
  window.handeyeKit = { el, shape, theme: { button, turn } };
})();
