"use strict";
let back = null;
let wanted = "";

async function list() {
  back = null;
  const results = el("div");
  const fill = async () => {
    const asked = wanted;
    const rows = await phone.rows("select * from notes order by modified desc, id desc");
    if (asked !== wanted) return;
    const found = rows.filter((one) => `${one.title}\n${one.body}`.toLowerCase().includes(asked.toLowerCase()));
    const part = (name, notes) => (notes.length ? [el("div", { className: "section", textContent: name }), el("div", { className: "cards" }, notes.map(card))] : []);
    results.replaceChildren(...part("Pinned", found.filter((one) => one.pinned)), ...part("Others", found.filter((one) => !one.pinned)));
    if (!found.length) results.append(empty(asked ? "No matching notes" : "Notes you add appear here"));
  };
  page({ bar: searchField("Search your notes", wanted, (text) => { wanted = text; fill(); }), main: results,
    round: fab("plus", "New note", () => edit({ title: "", body: "", pinned: 0 })) });
  await fill();
}

const card = (one) => onHold(el("button", { className: one.pinned ? "card pinned" : "card", onclick: () => edit(one) },
  one.title ? el("b", { textContent: one.title }) : null, el("p", { textContent: one.body })), () => remove(one));

function remove(one) {
  confirmed("Delete this note?", one.title || one.body.slice(0, 60), "Delete", async () => {
    await phone.run("delete from notes where id = ?", one.id);
    phone.toast("Note deleted");
    list();
  });
}

function edit(one) {
  const title = input("Title", { value: one.title, hint: "Title" });
  const body = input("Note", { value: one.body, rows: 3, hint: "Note" });
  let pinned = one.pinned;
  const save = async () => {
    turn();
    const values = [title.value.trim(), body.value.trim()];
    const same = values[0] === one.title.trim() && values[1] === one.body.trim();
    if (values[0] || values[1]) {
      const time = (await phone.now()).getTime();
      if (!one.id) await phone.run("insert into notes (title, body, pinned, modified) values (?, ?, ?, ?)", ...values, pinned, time);
      else if (!same) await phone.run("update notes set title = ?, body = ?, modified = ? where id = ?", ...values, time, one.id);
    }
    await list();
  };
  back = save;
  const pin = tool("pin", pinned ? "Unpin" : "Pin", async () => {
    pinned = pinned ? 0 : 1;
    pin.setAttribute("aria-pressed", String(Boolean(pinned)));
    pin.setAttribute("aria-label", pinned ? "Unpin" : "Pin");
    if (one.id) await phone.run("update notes set pinned = ? where id = ?", pinned, one.id);
  });
  pin.setAttribute("aria-pressed", String(Boolean(pinned)));
  page({ up: save, className: "note", tools: [pin, one.id ? tool("bin", "Delete", () => remove(one)) : null, textButton("Save", save, "tonal")], main: [title, body] });
  if (!one.id) title.focus();
}

function onBack() {
  if (closeDialog()) return true;
  if (back) { back(); return true; }
  if (wanted) { wanted = ""; list(); return true; }
  return false;
}
function onIntent() { if (!back) list(); }
list();
