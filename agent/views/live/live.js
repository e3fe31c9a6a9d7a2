/*
 * The live view on top of the report's page (report.js, window.handeye): the screen as it is, what is next, and the
 * person's controls. The state comes whole from the server by long polls; every command carries the number of the card
 * that the person saw. Texts are set by textContent only.
 */
(() => {
  "use strict";

  const $ = (name) => document.getElementById(`live-${name}`);
  const { shape } = window.handeyeKit;
  const put = (node, words) => {
    if (node.textContent !== words) node.textContent = words;
  };
  const say = (node, words) => {
    put(node, words || "");
    node.hidden = !words;
  };
  document.getElementById("head").after(document.getElementById("live"));
  document.querySelector(".step.nothing").textContent = "No step is finished yet.";

  // --- the server ----------------------------------------------------------------------------------------------

  const KEY = "handeye-token";
  const given = new URLSearchParams(location.search).get("token");
  if (given) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(null, "", location.pathname + location.hash);
  }
  const token = sessionStorage.getItem(KEY);
  const page = crypto.randomUUID();
  const ask = (path, more) => fetch(path, { ...more, cache: "no-store", credentials: "omit", headers: { Authorization: `Bearer ${token}`, ...(more && more.headers) } });

  class Refusal extends Error {}
  const send = async (command) => {
    let answer;
    try {
      answer = await ask("/do", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(command) });
    } catch (error) {
      throw new Refusal("The run cannot be reached.");
    }
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Refusal(said.error || `The run answered ${answer.status}.`);
    return said.card;
  };
  const complain = (error) => {
    if (!(error instanceof Refusal)) throw error;
    trouble = error.message;
    showNotice();
  };
  const command = async (what) => {
    trouble = "";
    showNotice();
    try {
      return await send(what);
    } catch (error) {
      complain(error);
      return undefined;
    }
  };

  // --- the state -----------------------------------------------------------------------------------------------

  let state = null;
  let version = -1;
  let steps = 0;
  let lost = false;
  let trouble = "";
  const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const poll = async () => {
    while (!(state && state.phase === "ended")) {
      try {
        const answer = await ask(`/state?page=${page}&after=${version}&steps=${steps}`);
        if (answer.status === 403) return showClosed("This address is not valid any more: the run it belonged to is over.");
        if (!answer.ok) throw new TypeError(`state ${answer.status}`);
        take(await answer.json());
      } catch (error) {
        if (!(error instanceof TypeError) && error.name !== "AbortError") throw error;
        lost = true;
        showPhase();
        version = -1; // the whole state, once it is back
        await sleep(700);
      }
    }
    await picturesDone(); // then the server may close
    await ask(`/state?page=${page}&after=${version}&steps=${steps}`).catch(() => null);
    return undefined;
  };
  const take = (now) => {
    lost = false;
    const before = state;
    state = now;
    version = now.version;
    if (!before || JSON.stringify(before.header) !== JSON.stringify(now.header)) showHeader();
    for (const step of now.steps) addStep(step);
    steps = Math.max(steps, now.first + now.steps.length);
    showPhase();
    showScreen();
    showCard();
    showControls();
    showNotice();
  };

  const showHeader = () => {
    const { header, phase } = state;
    const over = phase === "ended";
    window.handeye.setHeader(over ? { ...header, foot: "" } : { ...header, ending: null, facts: [], software: [] });
    say($("record"), over ? header.foot : "");
    const task = document.querySelector("#head h1");
    if (task.scrollHeight > task.clientHeight) task.tabIndex = 0; // it scrolls, also by keyboard
  };
  const PHASES = {
    starting: ["wait", "Starting"], looking: ["wait", "Looking at the screen"], thinking: ["wait", "The model is thinking"],
    approval: ["warn", "Waiting for your approval"], acting: ["wait", "Acting"], asking: ["warn", "The agent asks you"],
    paused: ["warn", "Paused"], taken_over: ["good", "You have taken over"], ended: ["wait", "The run has ended"],
  };
  const WORKING = ["starting", "looking", "thinking", "acting"];
  const showPhase = () => {
    if (!state) return showClosed(lost ? "The run cannot be reached." : "Connecting…");
    const { phase, paused, taken_over: taken } = state;
    let [tone, words] = PHASES[phase];
    let more = "";
    if (phase === "ended") [tone, words] = [state.header.ending.tone, state.header.ending.text];
    else if (lost) [tone, words, more] = ["bad", "The connection is lost", "Trying again…"];
    else if (WORKING.includes(phase) && taken) more = "You take over as soon as this is done.";
    else if (WORKING.includes(phase) && paused) more = "It pauses before the next action.";
    else if (phase === "approval" && paused) more = "The run is paused: Approve does this one action.";
    else if (phase === "paused" && state.card) more = "Resume does the action shown and goes on; Approve does only this one.";
    const box = $("phase");
    box.className = lost ? tone : `${tone}${WORKING.includes(phase) ? " working" : ""}`;
    put($("phase-words"), words);
    put($("phase-more"), more);
    document.title = `${words} · Handeye live`;
    return undefined;
  };
  const showClosed = (words) => {
    $("phase").className = "bad";
    put($("phase-words"), words);
    $("controls").hidden = true;
  };
  const showNotice = () => say($("notice"), trouble || (state ? state.notice : ""));

  // --- pictures ------------------------------------------------------------------------------------------------

  const picture = async (path) => {
    const answer = await ask(path).catch(() => null);
    return answer && answer.ok ? { id: Number(answer.headers.get("X-Screen")), url: URL.createObjectURL(await answer.blob()) } : null;
  };
  let shown = 0;
  let fetching = false;
  const showScreen = async () => {
    if (fetching || !state.screen || state.screen.id <= shown) return;
    fetching = true;
    const got = await picture("/screen");
    fetching = false;
    if (!got) return;
    const old = $("shot").src;
    $("shot").src = got.url;
    await $("shot").decode().catch(() => null);
    if (old) URL.revokeObjectURL(old);
    shown = got.id;
    const { width, height } = state.screen;
    $("shot").hidden = false;
    $("shot").alt = `The screen as it is now, ${width} by ${height} pixels`;
    $("nothing").hidden = true;
    $("stage").style.setProperty("--ratio", String(width / height));
    drawEnlarged();
    showScreen();
  };

  const queue = [];
  let filling = false;
  const addStep = (step) => {
    window.handeye.addStep(step);
    queue.push(step);
    fill();
  };
  const picturesDone = async () => {
    for (const deadline = Date.now() + 2000; (filling || fetching) && Date.now() < deadline; ) await sleep(20);
  };
  const fill = async () => { // the pictures of finished steps, one after another
    if (filling) return;
    filling = true;
    for (let step = queue.shift(); step; step = queue.shift()) {
      const got = await picture(`/steps/${step.index}`);
      const before = got && { src: got.url, parts: [] };
      window.handeye.updateStep({ index: step.index, before, missing: "This picture is in the episode's folder, not here." });
      if (before && step.index > 0) window.handeye.updateStep({ index: step.index - 1, after: before });
    }
    filling = false;
  };

  // --- the card: what is next ----------------------------------------------------------------------------------

  let card = null; // as the server says
  let draft = null; // its action with what the person has changed and not yet sent
  let mine = 0; // the number of the card that came of the person's own edit
  const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

  const showCard = () => {
    const now = state.card;
    const isNew = !card || !now || card.id !== now.id;
    const editing = now && now.id === mine && card;
    card = now;
    if (isNew) {
      draft = now && now.action ? structuredClone(now.action) : null;
      if (!editing || !now.waits) buildFields();
      $("note").value = "";
      if (now && now.kind === "question") $("reply").value = "";
      trouble = "";
      if (now && now.id !== mine) settleIn();
    }
    const action = now && now.kind === "action";
    const open = Boolean(now && now.waits && !now.answered && !state.taken_over);
    $("card").hidden = !action || state.taken_over;
    $("question").hidden = !(now && now.kind === "question" && open);
    if (action) {
      put($("words"), now.words);
      say($("place"), now.place);
      say($("was"), now.was ? `Edited. The model wanted: ${now.was}` : "");
      say($("why"), now.why ? `Asked because ${now.why}` : "");
      say($("thought"), now.thought);
    } else if (now) put($("asked"), now.question);
    $("card").classList.toggle("waits", open);
    $("question").classList.toggle("waits", open);
    $("stage").classList.toggle("waits", Boolean(action && open));
    $("edit").hidden = $("deciding").hidden = $("skip-note").hidden = !open;
    if (!open) $("fields").replaceChildren();
    else if (!$("fields").childElementCount) buildFields();
    $("reset").hidden = !(open && now.was);
    drawMarks();
    placeHandles(action && open);
    if (isNew && open) keepFocus(action ? $("approve") : $("reply"));
    if (isNew && open) window.handeye.announce(action ? `Waiting for your approval: ${now.words}` : `The agent asks: ${now.question}`);
  };

  let steering = false; // whether the keyboard was last used on this panel
  $("panel").addEventListener("click", (event) => { steering = event.detail === 0; });
  const keepFocus = (node) => {
    if (steering && document.activeElement === document.body) node.focus({ preventScroll: true });
  };

  const drawMarks = () => {
    const svg = $("marks");
    const marks = card && card.kind === "action" && !state.taken_over ? card.marks : [];
    const unit = card ? Math.max(0.5, Math.min(card.width, card.height) / 800) : 1;
    if (card) svg.setAttribute("viewBox", `0 0 ${card.width} ${card.height}`);
    const outline = (mark, name) => (mark.shape === "disc" ? shape("circle", { class: name, cx: mark.x, cy: mark.y, r: mark.radius })
      : shape(mark.filled ? "polygon" : "polyline", { class: name, points: mark.points.map((point) => point.join(",")).join(" ") }));
    const lines = marks.filter((mark) => mark.shape === "disc" || mark.shape === "line");
    const badges = marks.filter((mark) => mark.shape === "badge").map((mark) => {
      const width = (9.6 * mark.text.length + 14) * unit;
      const x = mark.x + mark.gap + width <= card.width ? mark.x + mark.gap : Math.max(0, mark.x - mark.gap - width);
      const group = shape("g", {});
      const words = shape("text", { class: "badge-words", "font-size": 16 * unit, x: x + width / 2, y: mark.y + 6 * unit });
      words.textContent = mark.text;
      group.append(shape("rect", { class: "badge", x, y: mark.y - 13 * unit, width, height: 26 * unit, rx: 6 * unit, "stroke-width": 2 * unit }), words);
      return group;
    });
    svg.replaceChildren(...lines.map((mark) => outline(mark, mark.filled ? "halo dot" : "halo")), ...lines.map((mark) => outline(mark, mark.filled ? "solid" : "mark")), ...badges);
    const banner = marks.find((mark) => mark.shape === "banner");
    say($("banner"), banner ? banner.text : "");
    drawEnlarged();
  };
  const drawEnlarged = () => { // a copy of a part of the picture that is shown
    const part = card && card.kind === "action" && card.enlarged;
    const there = Boolean(part && $("shot").naturalWidth === card.width);
    $("enlarged").hidden = !there;
    if (!there) return;
    const canvas = $("enlarged");
    const scale = Math.max(1, Math.min(3, 480 / part.width));
    canvas.width = part.width * scale;
    canvas.height = part.height * scale;
    const pen = canvas.getContext("2d");
    pen.drawImage($("shot"), part.x, part.y, part.width, part.height, 0, 0, canvas.width, canvas.height);
    for (const [colour, width] of [["#fff", 4], ["#d60058", 2]]) {
      pen.beginPath();
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.arc((part.at[0] - part.x) * scale, (part.at[1] - part.y) * scale, canvas.width / 24, 0, 2 * Math.PI);
      pen.stroke();
    }
  };

  // --- editing: handles on the screen --------------------------------------------------------------------------

  const ENDS = (action) => {
    if (action.type === "drag") return [["Start of the drag", () => draft.path[0], (point) => { draft.path[0] = point; }], ["End of the drag", () => draft.path[draft.path.length - 1], (point) => { draft.path[draft.path.length - 1] = point; }]];
    if (action.point) return [[`Target of the ${action.type.replace("_", " ")}`, () => draft.point, (point) => { draft.point = point; }]];
    return [];
  };
  const handles = [];
  const placeHandles = (open) => {
    const ends = open && draft ? ENDS(draft) : [];
    while (handles.length > ends.length) handles.pop().node.remove();
    while (handles.length < ends.length) handles.push(handleOf(handles.length));
    handles.forEach((handle, n) => {
      [handle.words, handle.read, handle.write] = ends[n];
      handle.place();
    });
  };
  const handleOf = (number) => {
    const node = document.createElement("button");
    node.type = "button";
    node.className = "handle";
    node.id = `live-handle-${number}`;
    node.setAttribute("aria-roledescription", "marker that can be moved");
    const handle = { node, words: "", read: null, write: null };
    let grip = null;
    handle.place = () => {
      const [x, y] = handle.read();
      node.style.left = `${(100 * (Math.floor(x) + 0.5)) / card.width}%`;
      node.style.top = `${(100 * (Math.floor(y) + 0.5)) / card.height}%`;
      node.setAttribute("aria-label", `${handle.words}: ${Math.floor(x)}, ${Math.floor(y)}. Drag it, or move it with the arrow keys`);
    };
    const move = (x, y) => {
      handle.write([Math.min(Math.max(Math.round(x), 0), card.width - 1), Math.min(Math.max(Math.round(y), 0), card.height - 1)]);
      $("stage").classList.add("dragging");
      handle.place();
    };
    node.addEventListener("pointerdown", (event) => {
      node.setPointerCapture(event.pointerId);
      const [x, y] = handle.read();
      grip = { x: event.clientX, y: event.clientY, point: [x, y] };
    });
    node.addEventListener("pointermove", (event) => {
      if (!grip) return;
      const box = $("stage").getBoundingClientRect();
      move(grip.point[0] + ((event.clientX - grip.x) * card.width) / box.width, grip.point[1] + ((event.clientY - grip.y) * card.height) / box.height);
    });
    const drop = () => {
      if (!grip) return;
      grip = null;
      settle();
    };
    node.addEventListener("pointerup", drop);
    node.addEventListener("pointercancel", drop);
    node.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      if (!way) return;
      event.preventDefault();
      event.stopPropagation();
      const [x, y] = handle.read();
      const by = event.shiftKey ? 10 : 1;
      move(x + by * way[0], y + by * way[1]);
    });
    node.addEventListener("keyup", (event) => event.key.startsWith("Arrow") && settle());
    $("handles").append(node);
    return handle;
  };

  // --- editing: fields -----------------------------------------------------------------------------------------

  const list = (words) => words.split(",").map((word) => word.trim()).filter(Boolean);
  const FIELDS = { // by type of action: name, label, kind
    click: [["button", "Button", ["left", "middle", "right"]], ["count", "Times", "whole"]],
    long_press: [["seconds", "Seconds", "number"]], drag: [["seconds", "Seconds", "number"]],
    scroll: [["dx", "Notches right", "whole"], ["dy", "Notches down", "whole"]],
    type: [["text", "Text", "text"]], key: [["chords", "Keys, with commas between", "list"]],
    button: [["name", "Button", ["back", "home", "recents", "menu", "enter", "power", "volume_up", "volume_down", "camera", "clear"]]],
    open: [["target", "What to open", "line"]], wait: [["seconds", "Seconds", "number"]], answer: [["text", "Answer", "text"]],
    finish: [["message", "Message", "line"]], ask_user: [["question", "Question", "line"]],
  };
  const READ = { whole: (value) => (/^-?\d+$/.test(value) ? Number(value) : value), number: (value) => (value.trim() === "" ? value : Number(value)), list, text: (value) => value, line: (value) => value };
  const inputOf = (kind, value) => {
    if (Array.isArray(kind)) {
      const select = document.createElement("select");
      select.append(...kind.map((name) => new Option(name.replace("_", " "), name, false, name === value)));
      return select;
    }
    const input = document.createElement(kind === "text" ? "textarea" : "input");
    if (kind === "text") input.rows = 4;
    else input.type = "text";
    if (kind === "whole" || kind === "number") input.inputMode = "decimal";
    input.value = kind === "list" ? value.join(", ") : String(value);
    input.autocomplete = "off";
    input.spellcheck = false;
    return input;
  };
  const buildFields = () => {
    const known = card && card.waits && draft ? FIELDS[draft.type] || [] : [];
    $("fields").replaceChildren(...known.map(([name, words, kind]) => {
      const label = document.createElement("label");
      label.className = kind === "text" || kind === "line" || kind === "list" ? "field whole" : "field";
      const input = inputOf(kind, draft[name]);
      input.id = `live-field-${name}`;
      const read = Array.isArray(kind) ? (value) => value : READ[kind];
      input.addEventListener("input", () => { draft[name] = read(input.value); });
      input.addEventListener("change", () => (pressing ? addEventListener("pointerup", () => setTimeout(settle), { once: true }) : settle()));
      label.append(words, " ", input);
      return label;
    }));
  };

  let pressing = false; // what is about to be clicked must not move away meanwhile
  addEventListener("pointerdown", () => { pressing = true; }, true);
  for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, () => { pressing = false; }, true);

  let settling = Promise.resolve(true);
  const settle = () => { // what the person has changed is sent, checked there, and shown as the new card; one by one
    settling = settling.then(async () => {
      $("stage").classList.remove("dragging");
      if (!card || !draft || same(draft, card.action)) return true;
      const wanted = structuredClone(draft);
      try {
        mine = await send({ do: "edit", card: card.id, action: wanted });
      } catch (error) {
        complain(error);
        if (card && card.action) {
          const kept = draft;
          draft = structuredClone(card.action);
          for (const handle of handles) handle.place();
          if (kept.point || kept.path) Object.assign(kept, { point: draft.point, path: draft.path });
          draft = kept; // words that were refused stay to be mended
        }
        return false;
      }
      trouble = "";
      showNotice();
      if (card) card = { ...card, id: mine, action: wanted };
      return true;
    });
    return settling;
  };

  // --- buttons -------------------------------------------------------------------------------------------------

  const on = (name, act) => $(name).addEventListener("click", act);
  let fresh = 0;
  const settleIn = () => { // an action that has just come cannot be approved by a click that was meant for the one before
    clearTimeout(fresh);
    $("approve").setAttribute("aria-disabled", "true");
    fresh = setTimeout(() => $("approve").removeAttribute("aria-disabled"), 300);
  };
  $("approve").addEventListener("keydown", (event) => event.repeat && event.preventDefault()); // one key, one action
  on("approve", async () => {
    if (!card || $("approve").hasAttribute("aria-disabled")) return;
    if (await settle()) await command({ do: "approve", card: card.id });
  });
  on("skip", () => card && command({ do: "skip", card: card.id, note: $("note").value }));
  on("reset", async () => {
    if (!card || !state.card || !state.card.model) return;
    draft = structuredClone(state.card.model);
    buildFields();
    await settle();
  });
  on("pause", () => command({ do: "pause" }));
  on("resume", async () => {
    const shownCard = card && card.kind === "action";
    if (shownCard && card.waits && !(await settle())) return;
    await command({ do: "resume", card: shownCard ? card.id : null });
  });
  on("take-over", () => command({ do: "take_over" }));
  on("hand-back", async () => {
    await command({ do: "hand_back", note: $("told").value });
    $("told").value = "";
  });
  on("stop", () => command({ do: "stop" }));
  const form = (name, act) => $(name).addEventListener("submit", (event) => {
    event.preventDefault();
    act();
  });
  form("edit", settle);
  form("question", () => card && command({ do: "answer", card: card.id, text: $("reply").value }));
  const showControls = () => {
    const { phase, paused, taken_over: taken } = state;
    const over = phase === "ended";
    $("controls").hidden = over;
    document.getElementById("live").classList.toggle("over", over);
    $("pause").hidden = paused || taken || phase === "asking";
    $("resume").hidden = !paused || taken;
    $("take-over").hidden = taken;
    const hands = taken && phase === "taken_over";
    $("hands").hidden = !hands;
    $("stage").classList.toggle("hands", hands);
    $("buttons").hidden = !state.supported.includes("button");
  };

  // --- the person's own hands ----------------------------------------------------------------------------------

  const act = (action) => command({ do: "act", screen: shown, action });
  const taken = () => state && state.taken_over && state.phase === "taken_over";
  form("type", async () => {
    if ($("text").value && (await act({ type: "type", text: $("text").value })) !== undefined) $("text").value = "";
  });
  form("key", async () => {
    if ($("chord").value) await act({ type: "key", chords: list($("chord").value) });
  });
  for (const button of $("buttons").querySelectorAll("button")) button.addEventListener("click", () => act({ type: "button", name: button.dataset.button }));
  const spot = (event) => {
    const box = $("stage").getBoundingClientRect();
    const { width, height } = state.screen;
    return [Math.min(Math.max(Math.floor(((event.clientX - box.left) * width) / box.width), 0), width - 1), Math.min(Math.max(Math.floor(((event.clientY - box.top) * height) / box.height), 0), height - 1)];
  };
  let press = null;
  let clicks = null;
  $("stage").addEventListener("contextmenu", (event) => taken() && event.preventDefault());
  $("stage").addEventListener("pointerdown", (event) => {
    if (!taken() || !state.screen) return;
    $("stage").setPointerCapture(event.pointerId);
    press = { at: spot(event), x: event.clientX, y: event.clientY, button: ["left", "middle", "right"][event.button] || "left" };
  });
  $("stage").addEventListener("pointerup", (event) => {
    if (!press || !taken()) return;
    const { at, x, y, button } = press;
    press = null;
    if (Math.hypot(event.clientX - x, event.clientY - y) > 8) {
      act({ type: "drag", path: [at, spot(event)], button });
      return;
    }
    if (clicks) clearTimeout(clicks.timer);
    const count = clicks && clicks.button === button ? Math.min(clicks.count + 1, 3) : 1;
    const go = () => {
      clicks = null;
      if (taken()) act({ type: "click", point: at, button, ...(count > 1 && state.supported.includes("key") ? { count } : {}) });
    };
    clicks = { button, count, timer: setTimeout(go, 250) };
  });

  if (token) poll();
  else showClosed("Open the address that handeye run --live has printed.");
})();
