// What a page does beyond its HTML: times in the viewer's zone, the theme, charts, and word of a daemon that is away.
import { draw } from "./chart.js";

const SHORT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const THEMES = ["auto", "light", "dark"];
const root = document.documentElement;

function localTimes(within) {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const text = SHORT.format(new Date(time.dateTime));
    if ("relative" in time.dataset) {
      if (time.title !== text) time.title = text;
    } else if (time.textContent !== text) {
      time.textContent = text;
    }
  }
}

function charts(within) {
  for (const place of within.querySelectorAll("[data-chart]")) draw(place);
}

function mend() {
  localTimes(document);
  charts(document);
}

function themes() {
  const button = document.getElementById("theme");
  if (!button) return;
  const say = () => {
    button.textContent = `Theme: ${root.dataset.theme ?? "auto"}`;
  };
  button.hidden = false;
  say();
  button.addEventListener("click", () => {
    const next = THEMES[(THEMES.indexOf(root.dataset.theme ?? "auto") + 1) % THEMES.length];
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    try {
      localStorage.setItem("theme", next);
    } catch {
      // it holds for this page alone
    }
    say();
    charts(document);
  });
}

function live() {
  const away = document.getElementById("away");
  const say = (isAway) => {
    if (away) away.hidden = !isAway;
  };
  const isAsking = () => document.querySelector(":popover-open") !== null;
  document.addEventListener("htmx:before:request", (event) => {
    // nobody looks, somebody is about to decide, or nothing changes any more
    if (document.hidden || isAsking() || document.querySelector("#live[data-ended]")) event.preventDefault();
  });
  document.addEventListener("htmx:before:swap", (event) => {
    const { text = "", response } = event.detail.ctx ?? {};
    const isAway = response?.status >= 500;
    if (!isAway && !isAsking() && text.includes('id="live"')) return;
    event.preventDefault(); // what is there stays: the daemon cannot say, or a question came up meanwhile
    if (!isAway && !isAsking()) location.reload(); // the session or the pipeline is gone: that page says so
  });
  document.addEventListener("htmx:after:swap", () => say(false));
  document.addEventListener("htmx:error", () => say(true));
  document.addEventListener("htmx:response:error", () => say(true));
}

/** Take what was just done out of the address: a page that is loaded again, or shared, has not done it. */
function forgetTold() {
  const address = new URL(location.href);
  if (!address.searchParams.has("told")) return;
  address.searchParams.delete("told");
  history.replaceState(history.state, "", address);
}

mend();
forgetTold();
themes();
live();
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ["datetime", "data-chart"], characterData: true });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => charts(document));
