// The events taken, and the requests refused.

import { byId, clock, el, empty, moment, opening, pairs, setText, show, tag } from "./dom.js";
import { asJson, isText, money, names, personal, written } from "./values.js";

const STEP = 100;
let limit = STEP;

/** Return the address of the events that the filters let through; one more than shown tells whether there are more. */
export function eventsAddress() {
  const query = new URLSearchParams({ limit: limit + 1 });
  if (byId("filter-name").value) query.set("event_name", byId("filter-name").value);
  if (byId("filter-text").value.trim()) query.set("text", byId("filter-text").value.trim());
  return `events?${query}`;
}

export function showMoreEvents() {
  limit += STEP;
}

export function showEvents(events, state) {
  const shown = events.slice(0, limit);
  offerNames(state.event_names);
  byId("more-events").hidden = events.length <= limit;
  const kept = state.kept.events;
  const dropped = state.events > kept ? `; the last ${kept.toLocaleString("en")} of ${names(state.events, "event")} are kept` : "";
  setText("shown-events", shown.length ? `${names(shown.length, "event")} shown, the newest first${dropped}` : "");
  if (!shown.length) {
    byId("list-events").replaceChildren(isFiltered() && kept ? nothingFound() : nothingArrived(state));
    return;
  }
  const items = shown.map((arrival) => ({ ...arrival, key: `${arrival.received_at}-${arrival.number}` }));
  show(byId("list-events"), items, eventItem);
}

const isFiltered = () => Boolean(byId("filter-name").value || byId("filter-text").value.trim());

function offerNames(counts) {
  const select = byId("filter-name");
  const chosen = select.value;
  const wanted = [...new Set([...Object.keys(counts), ...(chosen ? [chosen] : [])])].sort();
  const offered = [...select.options].slice(1).map((option) => option.value);
  if (wanted.join("\n") === offered.join("\n")) return;
  select.replaceChildren(select.options[0], ...wanted.map((name) => el("option", { value: name }, name)));
  select.value = chosen;
}

function nothingFound() {
  const button = el("button", { type: "button" }, "Clear the filters");
  button.addEventListener("click", () => {
    byId("filter-name").value = byId("filter-text").value = "";
    byId("filter-name").dispatchEvent(new Event("change"));
    byId("filter-text").focus();
  });
  return empty(el("p", {}, "No event matches the filters."), button);
}

function nothingArrived(state) {
  if (state.events) return empty(el("p", {}, "Events are only counted here, not kept: this sandbox judges by count."));
  return empty(
    el("p", {}, el("b", {}, "Nothing has arrived yet.")),
    el("p", {}, "Point a destination of ", el("code", {}, "syncer.yaml"), " at this sandbox:"),
    el("pre", { tabindex: "0", "aria-label": "Destination" }, destination()),
    el("p", {}, "then send with ", el("code", {}, "syncer run"), ". Events show up here by themselves."),
  );
}

const destination = () =>
  `destinations:\n  meta:\n    type: meta\n    dataset_id: "1234567890"\n    access_token: \${env:META_ACCESS_TOKEN}   # any text will do\n    base_url: ${location.origin}`;

function eventItem(arrival) {
  const { event } = arrival;
  const badges = [
    arrival.duplicate && tag("duplicate", "bad"),
    arrival.test_event_code && tag(arrival.test_event_code),
    arrival.notes.length ? tag(names(arrival.notes.length, "remark"), "warn") : null,
  ].filter(Boolean);
  const keys = Object.keys(event.user_data ?? {}).map((key) => tag(key));
  const summary = [
    el("span", { class: "time" }, clock(arrival.received_at)),
    el("span", { class: "name" }, written(event.event_name), badges.length ? " " : "", badges),
    el("span", { class: "source" }, written(event.action_source ?? "no action_source")),
    el("span", { class: "id mono" }, written(event.event_id ?? "no event_id")),
    el("span", { class: "keys" }, keys),
    el("span", { class: "amount" }, money(event.custom_data)),
  ];
  return opening("event", summary, () => eventDetail(arrival));
}

function eventDetail(arrival) {
  const { event } = arrival;
  const custom = Object.entries(event.custom_data ?? {});
  const own = new Set(arrival.user_defined);
  return [
    pairs("Parameters", parameters(arrival)),
    pairs("Match keys", Object.entries(event.user_data ?? {}).map(([key, value]) => [key, personal(value)])),
    pairs("Custom data", custom.filter(([key]) => !own.has(key)).map(([key, value]) => [key, written(value)])),
    pairs("User-defined properties", custom.filter(([key]) => own.has(key)).map(([key, value]) => [key, written(value)])),
    arrival.notes.length ? remarks(arrival.notes) : null,
    rawJson(event),
  ];
}

function parameters(arrival) {
  const rest = Object.entries(arrival.event).filter(([key]) => key !== "user_data" && key !== "custom_data");
  return [
    ...rest.map(([key, value]) => [key, key === "event_time" ? moment(value) : written(value)]),
    ["received", moment(Math.floor(arrival.received_at))],
    ["dataset, request", `${arrival.dataset_id}, number ${arrival.request}`],
    ...(arrival.test_event_code ? [["test_event_code", arrival.test_event_code]] : []),
    ...(arrival.duplicate ? [["duplicate by", arrival.duplicate]] : []),
  ];
}

function remarks(notes) {
  const lines = notes.map((note) => el("li", {}, el("code", {}, note.path.join(".")), ` ${note.text}`));
  return el("div", {}, el("h3", {}, "Remarks"), el("ul", { class: "notes" }, lines));
}

function rawJson(event) {
  const label = { tabindex: "0", "aria-label": "Event as JSON" };
  return el("details", { class: "wide" }, el("summary", {}, "As JSON"), el("pre", label, asJson(event)));
}

export function showRefused(refusals) {
  if (!refusals.length) {
    byId("list-refused").replaceChildren(
      empty(
        el("p", {}, el("b", {}, "No request was refused.")),
        el("p", {}, "To see how your pipeline takes a refusal, switch one on under ", el("a", { href: "#faults" }, "Faults"), "."),
      ),
    );
    return;
  }
  const items = refusals.map((refusal) => ({ ...refusal, key: `${refusal.received_at}-${refusal.request}` }));
  show(byId("list-refused"), items, refusalItem);
}

const numbers = (refusal) => `${refusal.code}${refusal.subcode ? ` / ${refusal.subcode}` : ""}`;

function refusalItem(refusal) {
  const fault = refusal.outcome === "refused" ? null : tag(`fault ${refusal.outcome}`, "warn");
  const summary = [
    el("span", { class: "time" }, clock(refusal.received_at)),
    el("span", { class: "code" }, tag(numbers(refusal), "bad")),
    el("span", { class: "what" }, refusal.user_title ?? refusal.message, fault ? " " : "", fault),
    el("span", { class: "blamed mono" }, blamed(refusal)),
  ];
  return opening("refusal", summary, () => refusalDetail(refusal));
}

function blamed(refusal) {
  if (refusal.event_index === null) return "the request itself";
  const id = refusal.event?.event_id;
  return `data[${refusal.event_index}]${isText(id) ? ` ${id}` : ""}`;
}

function refusalDetail(refusal) {
  const facts = [
    ["HTTP status", String(refusal.status)],
    ["code / subcode", numbers(refusal)],
    ["message", refusal.message],
    ...(refusal.user_title ? [["error_user_title", refusal.user_title], ["error_user_msg", refusal.user_message]] : []),
    ["fbtrace_id", refusal.fbtrace_id],
    ["to blame", refusal.path.length ? refusal.path.join(".") : "no single value"],
    ["dataset, request", `${refusal.dataset_id}, number ${refusal.request}`],
    ["received", moment(Math.floor(refusal.received_at))],
  ];
  const event = refusal.event
    ? el("div", {}, el("h3", {}, "The event to blame"), el("pre", { tabindex: "0", "aria-label": "The event to blame" }, asJson(refusal.event)))
    : null;
  return [pairs("Answer", facts), event];
}
