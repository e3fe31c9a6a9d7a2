"use strict";
let back = null;
let wanted = "";

async function list() {
  back = null;
  const results = el("div");
  const fill = async () => {
    const asked = wanted;
    const rows = await phone.rows("select * from contacts order by name collate nocase");
    if (asked !== wanted) return;
    const found = rows.filter((one) => `${one.name} ${one.phone} ${one.email}`.toLowerCase().includes(asked.toLowerCase()));
    results.replaceChildren(...(found.length ? found.map(line) : [empty(asked ? "No contacts found" : "No contacts yet")]));
  };
  const search = searchField("Search contacts", wanted, (text) => { wanted = text; fill(); });
  page({ bar: search, main: results, round: fab("plus", "Create contact", () => edit({ name: "", phone: "", email: "" })) });
  await fill();
}

const line = (one) => row({ title: one.name, start: disc(one.name), onclick: () => show(one.id) });

async function show(id) {
  back = list;
  const fresh = turn();
  const one = (await phone.rows("select * from contacts where id = ?", id))[0];
  if (!fresh()) return;
  if (!one) return list();
  const big = disc(one.name);
  big.classList.add("big");
  const facts = [["call", one.phone, "Phone"], ["mail", one.email, "Email"]].filter(([, value]) => value);
  page({
    up: list,
    tools: [tool("pen", "Edit contact", () => edit(one)), moreTool(["Delete", () => remove(one)])],
    main: [big, el("div", { className: "who", textContent: one.name }),
      one.phone ? el("div", { className: "does" }, textButton("Message", () => phone.open("com.android.messaging", { number: one.phone }), "tonal")) : null,
      el("div", { className: "section", textContent: "Contact info" }),
      facts.map(([sign, value, note]) => row({ title: value, note, start: icon(sign) })),
      facts.length ? null : empty("No phone number or email")],
  });
}

function remove(one) {
  confirmed("Delete this contact?", `${one.name} will be removed.`, "Delete", async () => {
    await phone.run("delete from contacts where id = ?", one.id);
    phone.toast("Contact deleted");
    list();
  });
}

function edit(one) {
  back = () => (one.id ? show(one.id) : list());
  const name = input("Name", { value: one.name });
  const number = input("Phone", { value: one.phone, type: "tel" });
  const email = input("Email", { value: one.email, type: "email" });
  const save = async () => {
    const values = [name, number, email].map((field) => field.value.trim());
    if (!values[0]) { phone.toast("A contact needs a name"); return; }
    if (one.id) await phone.run("update contacts set name = ?, phone = ?, email = ? where id = ?", ...values, one.id);
    else one.id = await phone.run("insert into contacts (name, phone, email) values (?, ?, ?)", ...values);
    phone.toast("Contact saved");
    show(one.id);
  };
  page({ title: one.id ? "Edit contact" : "Create contact", up: back, tools: [textButton("Save", save, "tonal")],
    main: [labelled("Name", name), labelled("Phone", number), labelled("Email", email)] });
}

function onBack() {
  if (closeDialog()) return true;
  if (back) { back(); return true; }
  if (wanted) { wanted = ""; list(); return true; }
  return false;
}
function onIntent(intent) {
  const said = intent.extras ?? {};
  if (intent.page === "new") edit({ name: said.name ?? "", phone: said.phone ?? "", email: said.email ?? "" });
  else if (intent.id) show(intent.id);
  else if (!back) list();
}
if (phone.intent.page || phone.intent.id) onIntent(phone.intent); else list();
