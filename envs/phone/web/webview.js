"use strict";
/* What Android's web view does for a page in a frame of an app: the keyboard, dialogs in place of lists that drop down
   and of fields for a date or a time, and text chosen by a long press. Include it after kit.js. */

const PICKED = "select, input[type=date], input[type=time]";

function webview(page) {
  phone.watch(page);
  page.addEventListener("beforeinput", (event) => { if (event.inputType === "insertText") pressed(event.target, event.data ?? "", "keydown"); });
  page.addEventListener("input", (event) => { if (event.inputType === "insertText") pressed(event.target, event.data ?? "", "keyup"); });
  const chosen = selecting(page);
  let began = null;
  let timer = 0;
  let held = false;
  page.addEventListener("touchstart", (event) => {
    began = event.touches.length === 1 ? event.touches[0] : null;
    held = false;
    const { clientX, clientY } = event.touches[0];
    timer = setTimeout(() => { held = chosen.begin(clientX, clientY); }, 500);
  }, { passive: true });
  for (const event of ["touchmove", "touchcancel"]) page.addEventListener(event, () => clearTimeout(timer), { passive: true });
  page.addEventListener("touchend", (event) => {
    clearTimeout(timer);
    if (held) { event.preventDefault(); return; } // what was chosen stays
    const field = event.target.closest?.(PICKED);
    const ended = event.changedTouches[0];
    const tapped = began && Math.hypot(ended.clientX - began.clientX, ended.clientY - began.clientY) < 8;
    if (!field || field.disabled || !tapped) return;
    event.preventDefault(); // neither a list that drops down nor a click
    if (field.tagName === "SELECT") chooseOption(field);
    else if (field.type === "date") askDate(field);
    else askTime(field);
  }, { passive: false });
}

/** Text that comes whole is told to the page as keys, too: `input text` of Android presses them. */
function pressed(field, text, kind) {
  const view = field.ownerDocument.defaultView;
  for (const key of text) {
    const keyCode = /^[a-z0-9 ]$/i.test(key) ? key.toUpperCase().charCodeAt(0) : 0;
    field.dispatchEvent(new view.KeyboardEvent(kind, { key, keyCode, which: keyCode, bubbles: true }));
  }
}

function changed(field) {
  for (const kind of ["input", "change"]) field.dispatchEvent(new field.ownerDocument.defaultView.Event(kind, { bubbles: true }));
}

function chooseOption(select) {
  const options = [...select.options];
  const marks = options.map((option) => el("input", { type: select.multiple ? "checkbox" : "radio", name: "option", checked: option.selected, disabled: option.disabled, "aria-label": option.text }));
  const set = () => { closeDialog(); options.forEach((option, n) => { option.selected = marks[n].checked; }); changed(select); };
  if (!select.multiple) for (const mark of marks) mark.onclick = set;
  const rows = options.map((option, n) => el("label", { className: "row" }, marks[n], el("div", { textContent: option.text })));
  dialog("Choose", el("div", { className: "list" }, rows), cancel(), select.multiple ? textButton("OK", set) : null);
}

/** As Android's date picker where one types: month, day, year. */
function askDate(field) {
  const [year, month, date] = field.value.split("-");
  const text = input("Date", { value: year ? `${month}/${date}/${year}` : "", hint: "mm/dd/yyyy" });
  const wrong = el("small", { className: "wrong", hidden: true, textContent: "Use: mm/dd/yyyy" });
  const ok = () => {
    const [, m, d, y] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(text.value.trim()) ?? [];
    const found = y && new Date(Date.UTC(Number(y), Number(m) - 1, Number(d)));
    if (!found || found.getUTCMonth() !== Number(m) - 1) { wrong.hidden = false; return; }
    closeDialog();
    field.value = iso(found);
    changed(field);
  };
  text.inputMode = "numeric";
  text.onkeydown = (event) => { if (event.key === "Enter") { event.preventDefault(); ok(); } };
  dialog("Select date", el("div", {}, labelled("Date", text), wrong), textButton("Clear", () => { closeDialog(); field.value = ""; changed(field); }), cancel(), textButton("OK", ok));
}

function askTime(field) {
  const [hour, minute] = (field.value || "12:00").split(":").map(Number);
  pickTime("Select time", hour, minute, (h, m) => { field.value = `${pad(h)}:${pad(m)}`; changed(field); });
}

/** Choosing text of `page`: a word, two handles to drag, and a bar with Cut, Copy, Paste and Select all. */
function selecting(page) {
  const view = page.defaultView;
  const frame = view.frameElement;
  const bar = el("div", { className: "chosen", hidden: true });
  const handles = ["start", "end"].map((end) => onDrag(el("i", { className: `handle ${end}`, hidden: true, "aria-label": `Selection ${end}` }), end));
  document.body.append(bar, ...handles);

  /** From CSS pixels of the page to those of the app, and back. */
  const place = () => { const box = frame.getBoundingClientRect(); return { box, scale: box.width / frame.offsetWidth }; };
  const out = (x, y) => { const { box, scale } = place(); return [box.left + x * scale, box.top + y * scale]; };
  const inside = (x, y) => { const { box, scale } = place(); return [(x - box.left) / scale, (y - box.top) / scale]; };
  const field = () => (parent.system.field()?.ownerDocument === page ? parent.system.field() : null);
  const range = () => { const found = view.getSelection(); return found.rangeCount && !found.isCollapsed ? found.getRangeAt(0) : null; };
  const lines = () => [...(range()?.getClientRects() ?? [])].filter((line) => line.width > 0);

  function hide() { for (const one of [bar, ...handles]) one.hidden = true; }

  function show() {
    const all = lines();
    const around = field()?.getBoundingClientRect() ?? all[0];
    if (!around) return hide();
    const does = (words, command) => el("button", { textContent: words, onmousedown: (event) => event.preventDefault(), onclick: () => act(command) });
    bar.replaceChildren(...(field() ? [does("Cut", "cut")] : []), does("Copy", "copy"), ...(field() ? [does("Paste", "paste")] : []), does("Select all", "selectAll"));
    bar.hidden = false;
    const [x, y] = out(around.left, around.top);
    bar.style.left = `${Math.max(4, Math.min(x, innerWidth - bar.offsetWidth - 4))}px`;
    bar.style.top = `${y > bar.offsetHeight + 8 ? y - bar.offsetHeight - 8 : out(0, (all.at(-1) ?? around).bottom)[1] + 34}px`;
    const ends = field() || !all.length ? [null, null] : [[all[0].left, all[0].bottom], [all.at(-1).right, all.at(-1).bottom]];
    handles.forEach((handle, n) => {
      handle.hidden = !ends[n];
      if (ends[n]) [handle.style.left, handle.style.top] = out(...ends[n]).map((side) => `${side}px`);
    });
  }

  function act(command) {
    if (command === "selectAll") page.execCommand("selectAll");
    else if (field()) parent.system.edit(command);
    else parent.system.clipboard = range()?.toString() ?? "";
    if (command === "selectAll") show(); else hide();
  }

  function onDrag(handle, end) {
    let grip = 0;
    handle.addEventListener("touchstart", (event) => { event.preventDefault(); const line = end === "start" ? lines()[0] : lines().at(-1); grip = event.touches[0].clientY - out(0, line.top + line.height / 2)[1]; }, { passive: false });
    handle.addEventListener("touchmove", (event) => {
      event.preventDefault();
      const touch = event.touches[0];
      const at = page.caretRangeFromPoint(...inside(touch.clientX, touch.clientY - grip));
      const now = range();
      if (!at || !now) return;
      const [from, to] = end === "start" ? [at, { startContainer: now.endContainer, startOffset: now.endOffset }] : [now, at];
      if (end === "start" ? now.comparePoint(at.startContainer, at.startOffset) <= 0 : at.compareBoundaryPoints(Range.START_TO_START, now) > 0)
        view.getSelection().setBaseAndExtent(from.startContainer, from.startOffset, to.startContainer, to.startOffset);
      show();
    }, { passive: false });
    return handle;
  }

  page.addEventListener("mousedown", hide);
  page.addEventListener("input", hide);
  const again = () => { if (!bar.hidden) show(); };
  page.addEventListener("scroll", again, true);
  view.addEventListener("resize", again); // the keyboard comes or goes
  view.addEventListener("pagehide", () => { for (const one of [bar, ...handles]) one.remove(); });

  return {
    /** A long press at a place of the page; whether it chose something. */
    begin(x, y) {
      const target = page.elementFromPoint(x, y);
      const text = target?.closest("input, textarea, [contenteditable]");
      if (text) { text.focus(); if (!field()) text.focus(); show(); return !bar.hidden; }
      const at = page.caretRangeFromPoint(x, y);
      const letters = at?.startContainer.nodeType === 3 && !target.closest("button, select, a");
      if (!letters || view.getComputedStyle(target).userSelect === "none") return false;
      const found = view.getSelection();
      found.collapse(at.startContainer, at.startOffset);
      found.modify("move", "backward", "word");
      found.modify("extend", "forward", "word");
      show();
      return !bar.hidden;
    },
  };
}
