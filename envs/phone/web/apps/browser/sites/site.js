"use strict";
/* What the little web's own server would do. */
async function rows(sql, ...values) {
  const question = { kind: "db", package: "com.android.browser", sql, values };
  const answer = await (await fetch("/api", { method: "POST", body: JSON.stringify(question) })).json();
  if (answer.error) throw new Error(answer.error);
  return answer.value.rows;
}
const asked = Object.fromEntries(new URLSearchParams(location.search));
const html = (text) => String(text ?? "").replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const euros = (cents) => `€${(cents / 100).toFixed(2)}`;
const content = document.getElementById("content");
