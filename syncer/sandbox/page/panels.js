// Match-key coverage, duplicates and faults.

import { byId, clock, el, empty, setText } from "./dom.js";
import { names } from "./values.js";

const KEYS = ["em", "ph", "external_id", "fbp", "fbc", "fn", "ln", "ct", "zp", "country", "client_ip_address", "client_user_agent"];

export function showCoverage(coverage) {
  const list = byId("list-coverage");
  if (!coverage.by_event_name.length) {
    const line = el("p", {}, "Send events first: each event name then gets a card that shows which keys its events carry.");
    list.replaceChildren(empty(el("p", {}, el("b", {}, "No event has arrived yet.")), line));
    return;
  }
  list.replaceChildren(...coverage.by_event_name.map(coverageCard));
}

function coverageCard(found) {
  const others = Object.keys(found.user_data).filter((key) => !KEYS.includes(key));
  const counts = [...KEYS, ...others].map((key) => [key, found.user_data[key] ?? 0]);
  const rows = [...counts, ["IP + user agent", found.ip_and_agent]].map(([key, count]) => share(key, count, found.events));
  return el("section", { class: "card" }, el("h3", {}, found.event_name, el("span", {}, names(found.events, "event"))), rows);
}

function share(key, count, events) {
  const percent = events ? (100 * count) / events : 0;
  const fill = el("div", { class: "fill" });
  fill.style.setProperty("--share", percent);
  const rounded = count > 0 && count < events ? percent.toFixed(percent > 99 || percent < 1 ? 1 : 0) : percent.toFixed(0);
  const bar = { class: "track", role: "img", "aria-label": `${count} of ${names(events, "event")}` };
  return el("div", { class: `share${count ? "" : " none"}` },
    el("span", { class: "mono" }, key), el("div", bar, fill), el("span", { class: "percent" }, `${rounded}%`));
}

export function showDuplicates(repeats) {
  const list = byId("list-duplicates");
  if (!repeats.length) {
    const line = el("p", {}, "To see some, send the same rows twice: the second time they show up here.");
    list.replaceChildren(empty(el("p", {}, el("b", {}, "No event came twice.")), line));
    return;
  }
  const heads = ["Event name", "Event id", "Times", "Last time", "Last request", "Dataset", "Told by"];
  const cells = (each) => [
    each.event_name, each.event_id ?? "none", each.times, clock(each.last_received_at), each.last_request, each.dataset_id,
    each.kind === "offline" ? "offline keys" : "event_id",
  ];
  const row = (each) => el("tr", {}, cells(each).map((cell, place) => el("td", { "data-label": heads[place] }, el("span", {}, String(cell)))));
  list.replaceChildren(
    el("table", {}, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, repeats.map(row))),
  );
}

let send = () => undefined;

/** Tell where a changed specification of faults goes. */
export const onFaults = (callback) => {
  send = callback;
};

export function showFaults(faults) {
  const list = byId("list-faults");
  if (!list.children.length) list.append(...faults.known.map(faultRow));
  for (const row of list.children) {
    const [box, field] = row.querySelectorAll("input");
    const value = faults.in_force[row.dataset.name];
    box.checked = value !== undefined;
    row.classList.toggle("on", box.checked);
    if (value !== undefined && document.activeElement !== field) field.value = value;
  }
  setText("next-request", faults.next_request);
  setText("fault-command", faults.spec ? `syncer sandbox --faults '${faults.spec}'` : "syncer sandbox");
  const struck = faults.known.filter(({ name }) => faults.outcomes[name]).map(({ name }) => `${name} ${faults.outcomes[name]}`);
  setText("struck", struck.length ? `Struck so far: ${struck.join(", ")}.` : "");
}

function faultRow(known) {
  const box = el("input", { type: "checkbox", role: "switch" });
  const field = el("input", { type: "text", value: known.example, "aria-label": `${known.name}: when`, autocomplete: "off", spellcheck: "false" });
  const label = el("label", { class: "switch" }, box, el("span", {}, known.title, el("code", {}, known.name)));
  box.addEventListener("change", () => send(written()));
  field.addEventListener("change", () => box.checked && send(written()));
  return el("div", { class: "fault", "data-name": known.name }, label, field, el("p", {}, known.what));
}

/** Return the specification that the switches make. */
function written() {
  const rows = [...byId("list-faults").children];
  return rows
    .map((row) => [row.dataset.name, ...row.querySelectorAll("input")])
    .filter(([, box]) => box.checked)
    .map(([name, , field]) => `${name}=${field.value.trim()}`)
    .join(",");
}
