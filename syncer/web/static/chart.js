// Events over time as stacked bars. The numbers are in `data-chart`; a table beside the chart says the same.
const COLOURS = ["--chart-1", "--chart-2", "--chart-3", "--chart-4"];
const HEIGHT = 220;
const DAY_S = 86_400;
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const drawn = new WeakMap();

function colour(name) {
  const probe = document.createElement("span");
  probe.className = `probe ${name.slice(2)}`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

function stacked(outcomes) {
  const sums = [];
  let below = null;
  for (const [, values] of outcomes) {
    below = values.map((value, index) => value + (below ? below[index] : 0));
    sums.push(below);
  }
  return sums;
}

// What stands below the ticks, as the viewer writes it; the first of each day has the day below its time.
export function times(_, ticks, __, ___, step_s) {
  const days = ticks.map((tick) => DAY.format(tick * 1000));
  if (step_s >= DAY_S) return days;
  return ticks.map((tick, at) => TIME.format(tick * 1000) + (days[at] === days[at - 1] ? "" : `\n${days[at]}`));
}

function options(place, { width_s, outcomes }) {
  const text = colour("--soft");
  const grid = { stroke: colour("--line"), width: 1 };
  const axis = { stroke: text, grid, ticks: grid, font: "12px system-ui, sans-serif" };
  const bars = uPlot.paths.bars({ size: [0.85, 40], align: 1 });
  // the widest stack is drawn first, the ones below it over it
  const series = outcomes.map(([name, counts], index) => ({
    label: name,
    fill: colour(COLOURS[index]),
    width: 0,
    paths: bars,
    points: { show: false },
    value: (_, __, ___, at) => (at === null || at === undefined ? "–" : counts[at].toLocaleString()),
  }));
  return {
    width: place.clientWidth,
    height: HEIGHT,
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: true, range: (_, low, high) => [low, high + width_s] }, y: { range: (_, __, high) => [0, Math.max(1, high * 1.05)] } },
    axes: [{ ...axis, space: 70, values: times }, { ...axis, size: 60, values: (_, ticks) => ticks.map((tick) => (Number.isInteger(tick) ? tick.toLocaleString() : "")) }],
    series: [{ label: "from", value: (_, at) => (at === null || at === undefined ? "–" : new Date(at * 1000).toLocaleString()) }, ...series.reverse()],
  };
}

export function draw(place) {
  const theme = `${document.documentElement.dataset.theme} ${matchMedia("(prefers-color-scheme: dark)").matches}`;
  const key = `${place.clientWidth} ${theme} ${place.dataset.chart}`;
  const before = drawn.get(place);
  if (before?.key === key || !place.clientWidth || typeof uPlot === "undefined") return;
  before?.plot.destroy();
  const facts = JSON.parse(place.dataset.chart);
  const data = [facts.starts, ...stacked(facts.outcomes).reverse()];
  drawn.set(place, { key, plot: new uPlot(options(place, facts), data, place) });
}

addEventListener("resize", () => document.querySelectorAll("[data-chart]").forEach(draw));
