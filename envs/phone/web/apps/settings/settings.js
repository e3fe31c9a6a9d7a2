"use strict";
const PAGES = {
  "Network & internet": { about: "Wi-Fi, mobile data, airplane mode", rows: [
    { name: "Wi-Fi", at: "global wifi_on" },
    { name: "Mobile data", at: "global mobile_data" },
    { name: "Airplane mode", at: "global airplane_mode_on", also: (on) => on ? [["global wifi_on", "0"], ["global bluetooth_on", "0"]] : [["global wifi_on", "1"], ["global bluetooth_on", "1"]] },
  ] },
  "Connected devices": { about: "Bluetooth", rows: [{ name: "Bluetooth", at: "global bluetooth_on" }] },
  "Display": { about: "Brightness, dark theme, font size", rows: [
    { name: "Brightness level", at: "system screen_brightness", range: [0, 255] },
    { name: "Adaptive brightness", at: "system screen_brightness_mode" },
    { name: "Dark theme", at: "secure ui_night_mode", values: ["1", "2"] },
    { name: "Night Light", at: "secure night_display_activated" },
    { name: "Auto-rotate screen", at: "system accelerometer_rotation" },
    { name: "Font size", at: "system font_scale", choices: { "0.85": "Small", "1.0": "Default", "1.15": "Large", "1.3": "Largest" } },
    { name: "Screen timeout", at: "system screen_off_timeout", choices: { 15000: "15 seconds", 30000: "30 seconds", 60000: "1 minute", 120000: "2 minutes", 300000: "5 minutes", 600000: "10 minutes", 1800000: "30 minutes" } },
  ] },
  "Sound & vibration": { about: "Volume, vibration", rows: [
    { name: "Media volume", at: "system volume_music", range: [0, 15] },
    { name: "Ring volume", at: "system volume_ring", range: [0, 7] },
    { name: "Alarm volume", at: "system volume_alarm", range: [0, 7] },
    { name: "Vibrate for calls", at: "system vibrate_when_ringing" },
  ] },
  "Location": { about: "Use location", rows: [{ name: "Use location", at: "secure location_mode", values: ["0", "3"] }] },
  "Date & time": { about: "Set time automatically, 24-hour format", rows: [
    { name: "Set time automatically", at: "global auto_time" },
    { name: "Use 24-hour format", at: "system time_12_24", values: ["12", "24"] },
  ] },
  "About phone": { about: "Handeye simulated phone", rows: [
    { name: "Device name", at: "global device_name", text: true },
    { name: "Model", fixed: "Handeye simulated phone" },
    { name: "Android version", fixed: "13 (simulated)" },
  ] },
};
const main = document.getElementById("main");
const split = (at) => at.split(" ");
const made = (tag, properties, ...inside) => { const one = Object.assign(document.createElement(tag), properties); one.append(...inside); return one; };
let page = "";

async function show(name) {
  page = name;
  window.ready = false;
  document.getElementById("title").textContent = name || "Settings";
  document.getElementById("up").hidden = !name;
  const rows = name ? await Promise.all(PAGES[name].rows.map(line)) : Object.keys(PAGES).map((title) =>
    made("button", { className: "row", onclick: () => show(title) }, made("div", {}, title, made("small", { textContent: PAGES[title].about }))));
  if (page !== name) return;
  main.replaceChildren(...rows);
  main.scrollTop = 0;
  window.ready = true;
}

async function line(row) {
  if (row.fixed) return made("div", { className: "row" }, made("div", {}, row.name, made("small", { textContent: row.fixed })));
  const value = await phone.get(...split(row.at));
  const put = (next) => phone.put(...split(row.at), next);
  if (row.range) {
    const bar = made("input", { type: "range", min: row.range[0], max: row.range[1], value, ariaLabel: row.name });
    bar.onchange = () => put(bar.value);
    return made("div", { className: "row" }, made("div", {}, row.name, bar));
  }
  if (row.choices) {
    const small = made("small", { textContent: row.choices[value] ?? value });
    return made("button", { className: "row", onclick: () => choose(row, value, put) }, made("div", {}, row.name, small));
  }
  if (row.text) {
    return made("button", { className: "row", onclick: () => rename(row, value, put) }, made("div", {}, row.name, made("small", { textContent: value })));
  }
  const [off, on] = row.values ?? ["0", "1"];
  const box = made("input", { type: "checkbox", className: "switch", checked: value === on, ariaLabel: row.name });
  box.setAttribute("role", "switch");
  box.onchange = async () => {
    await put(box.checked ? on : off);
    for (const [at, next] of row.also?.(box.checked) ?? []) await phone.put(...split(at), next);
    if (row.also) await show(page);
  };
  const label = made("label", { className: "row" }, made("div", {}, row.name), box);
  return label;
}

function dialog(title, inside, ...buttons) {
  const box = made("div", { className: "dialog" }, made("div", {}, made("b", { textContent: title }), inside, made("div", { className: "choices" }, ...buttons)));
  document.body.append(box);
  return box;
}
const closed = () => { const box = document.querySelector(".dialog"); box?.remove(); return Boolean(box); };

function choose(row, value, put) {
  const list = made("div", {});
  for (const [key, words] of Object.entries(row.choices)) {
    const pick = made("input", { type: "radio", name: "choice", checked: key === value });
    pick.onchange = async () => { await put(key); closed(); show(page); };
    list.append(made("label", { className: "row" }, pick, made("div", { textContent: words })));
  }
  dialog(row.name, list, made("button", { textContent: "Cancel", onclick: closed }));
}

function rename(row, value, put) {
  const field = made("input", { value, ariaLabel: row.name });
  const save = async () => { if (field.value.trim()) { await put(field.value.trim()); closed(); show(page); } };
  dialog(row.name, made("label", { className: "field" }, row.name, field),
    made("button", { textContent: "Cancel", onclick: closed }), made("button", { textContent: "OK", onclick: save }));
}

document.getElementById("up").onclick = () => show("");
function onBack() { if (closed()) return true; if (page) { show(""); return true; } return false; }
function onIntent(intent) { if (intent.page in PAGES) show(intent.page); }
show(phone.intent.page in PAGES ? phone.intent.page : "");
