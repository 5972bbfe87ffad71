// How values of an event are written: digests stay, plain personal values are hidden unless asked for.

const PERSONAL = /^[0-9a-f]{64}$/;
let plain = false;

export const showPlain = (is) => {
  plain = is;
};

export const isText = (value) => typeof value === "string";

/** Return a value in one line. */
export const written = (value) => (isText(value) ? value : JSON.stringify(value));

/** Return one value of user_data: a digest as it is, anything else only by its length. */
export function personal(value) {
  if (Array.isArray(value)) return value.map(personal).join("\n");
  if (plain || (isText(value) && PERSONAL.test(value))) return written(value);
  return `plain, ${written(value ?? "").length} characters`;
}

/** Return an event as JSON, with plain values of user_data and app_data's device hidden. */
export function asJson(event) {
  const hidden = (key, value) =>
    key === "user_data" && value && typeof value === "object"
      ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, masked(each)]))
      : value;
  return JSON.stringify(event, hidden, 2);
}

function masked(value) {
  return Array.isArray(value) ? value.map(personal) : personal(value);
}

/** Return an amount with its currency, as the event has it; empty where there is none. */
export function money(customData) {
  if (customData?.value === undefined || customData.value === null) return "";
  return `${written(customData.value)} ${written(customData.currency ?? "")}`.trim();
}

export const names = (count, one, many = `${one}s`) => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
