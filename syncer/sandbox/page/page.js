// Asks the sandbox each second whether something changed, and shows the view in the address.

import { byId, setText } from "./dom.js";
import { eventsAddress, showEvents, showMoreEvents, showRefused } from "./events.js";
import { onFaults, showCoverage, showDuplicates, showFaults } from "./panels.js";
import { showPlain } from "./values.js";

const EVERY_MS = 1000;
const VIEWS = {
  events: [eventsAddress, showEvents],
  refused: [() => "refused", showRefused],
  coverage: [() => "coverage", showCoverage],
  duplicates: [() => "duplicates", showDuplicates],
  faults: [() => "faults", showFaults],
};
let seen = "";
let asked = 0;
let view = "events";

async function call(address, body) {
  const options = body === undefined ? {} : { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const answer = await fetch(`/sandbox/api/${address}`, options);
  const text = await answer.text();
  if (!answer.ok) throw new Error(JSON.parse(text).error);
  return text;
}

/** Show what changed since the last time; all of it where `anyway`. */
async function refresh(anyway) {
  const text = await call("state");
  if (text === seen && !anyway) return;
  const turn = (asked += 1);
  const state = JSON.parse(text);
  const [address, display] = VIEWS[view];
  const found = JSON.parse(await call(address()));
  if (turn !== asked) return;
  seen = text;
  counts(state);
  display(found, state);
}

function counts(state) {
  const refused = Object.values(state.errors).reduce((sum, count) => sum + count, 0);
  const repeated = state.duplicates + state.offline_duplicates;
  const active = state.faults.split(",").filter((item) => item.trim() && !item.trim().startsWith("seed=")).length;
  for (const [name, count] of Object.entries({ events: state.events, refused, duplicates: repeated, faults: active })) {
    setText(`count-${name}`, count.toLocaleString("en"));
    byId(`count-${name}`).classList.toggle("alarm", count > 0 && name !== "events");
  }
  byId("in-force").hidden = active === 0;
  setText("in-force-spec", state.faults);
}

async function attempt(work) {
  try {
    await work();
    byId("away").hidden = true;
  } catch (reason) {
    const away = reason instanceof TypeError ? `The sandbox at ${location.origin} does not answer. Start it again with syncer sandbox; this page goes on by itself.` : reason.message;
    setText("away", away);
    byId("away").hidden = false;
  }
}

const again = () => attempt(() => refresh(true));

async function setFaults(spec) {
  try {
    await call("faults", { spec });
    byId("fault-mistake").hidden = true;
  } catch (reason) {
    if (reason instanceof TypeError) return attempt(() => Promise.reject(reason));
    setText("fault-mistake", reason.message);
    byId("fault-mistake").hidden = false;
  }
  return again();
}

function turn() {
  view = location.hash.slice(1) in VIEWS ? location.hash.slice(1) : "events";
  for (const link of document.querySelectorAll("nav a")) {
    const current = link.dataset.view === view;
    if (current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    byId(`view-${link.dataset.view}`).hidden = !current;
  }
  return again();
}

function waiting(milliseconds, work) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(work, milliseconds);
  };
}

onFaults(setFaults);
window.addEventListener("hashchange", () => location.hash !== "#content" && turn());
byId("filter-name").addEventListener("change", again);
byId("filter-text").addEventListener("input", waiting(150, again));
byId("filters").addEventListener("submit", (submitted) => submitted.preventDefault());
byId("plain").addEventListener("change", (changed) => {
  showPlain(changed.target.checked);
  byId("list-events").replaceChildren();
  byId("list-refused").replaceChildren();
  again();
});
byId("more-events").addEventListener("click", () => {
  showMoreEvents();
  again();
});
byId("reset").addEventListener("click", () => attempt(async () => {
  await call("reset", {});
  await refresh(true);
}));
byId("clear-faults").addEventListener("click", () => setFaults(""));
byId("live").addEventListener("change", again);

async function forever() {
  if (byId("live").checked && !document.hidden) await attempt(() => refresh(false));
  setTimeout(forever, EVERY_MS);
}

turn().then(forever);
