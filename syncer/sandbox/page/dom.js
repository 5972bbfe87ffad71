// Elements and their text. Only textContent is ever set: what arrived is shown, never read as HTML.

/** Return an element with attributes and children; a child that is no element becomes text. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

export const byId = (id) => document.getElementById(id);

export const setText = (id, text) => {
  if (byId(id).textContent !== String(text)) byId(id).textContent = text;
};

/** Return a box that says that there is nothing, and what to do about it. */
export const empty = (...lines) => el("div", { class: "empty" }, lines);

/** Show `items` in `list`, each by its key; elements that stay keep their state and focus. */
export function show(list, items, make) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const wanted = items.map((item) => {
    const key = String(item.key);
    const kept = old.get(key);
    old.delete(key);
    if (kept) return kept;
    const made = make(item);
    made.dataset.key = key;
    return made;
  });
  for (const child of old.values()) child.remove();
  wanted.forEach((child, place) => {
    if (list.children[place] !== child) list.insertBefore(child, list.children[place] ?? null);
  });
}

let numbered = 0;

/** Return an item that opens on a click; `detail` is called the first time. */
export function opening(kind, summary, detail) {
  const id = `detail-${(numbered += 1)}`;
  const button = el("button", { type: "button", "aria-expanded": "false", "aria-controls": id }, summary);
  const item = el("article", { class: `item ${kind}` }, button, el("div", { id, hidden: true }));
  button.addEventListener("click", () => {
    const body = item.lastChild;
    if (body.hidden) body.replaceChildren(el("div", { class: "detail" }, detail()));
    body.hidden = !body.hidden;
    button.setAttribute("aria-expanded", String(!body.hidden));
  });
  return item;
}

/** Return a list of names and values under a heading, or null where there are none. */
export function pairs(title, entries) {
  if (!entries.length) return null;
  const rows = entries.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]);
  return el("div", {}, el("h3", {}, title), el("dl", {}, rows.flat()));
}

export const tag = (text, kind = "") => el("span", { class: `tag ${kind}` }, text);

export const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });

export function moment(seconds) {
  const date = new Date(Number(seconds) * 1000);
  return Number.isNaN(date.valueOf()) ? String(seconds) : `${date.toISOString().replace(".000Z", "Z")} (${seconds})`;
}
