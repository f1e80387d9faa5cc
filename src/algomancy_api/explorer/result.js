// Any JSON value as a tree that opens piece by piece.

import {formatNumber, h} from "./dom.js";

const AT_ONCE = 100;

function leaf(value) {
  if (value === null) return h("span", {class: "quiet"}, "none");
  if (typeof value === "number") return h("span", {class: "number", title: String(value)}, formatNumber(value));
  return h("span", {}, String(value));
}

const isRows = (value) => Array.isArray(value) && value.length > 1 && value.every((row) => row && typeof row === "object" && !Array.isArray(row));

function table(rows) {
  const columns = [...new Set(rows.slice(0, AT_ONCE).flatMap(Object.keys))];
  const body = h("tbody");
  const element = h("div", {class: "scroll", tabIndex: 0, role: "group", "aria-label": "Rows"}, h("table", {},
    h("thead", {}, h("tr", {}, columns.map((name) => h("th", {scope: "col"}, name)))), body));
  more(element, body, rows, (row) => h("tr", {}, columns.map((name) => h("td", {}, name in row ? tree(row[name]) : ""))));
  return element;
}

function more(container, target, items, make, from = 0) {
  target.append(...items.slice(from, from + AT_ONCE).map(make));
  const left = items.length - from - AT_ONCE;
  if (left > 0) {
    const button = h("button", {onclick: () => { button.remove(); more(container, target, items, make, from + AT_ONCE); }}, `Show more (${left} left)`);
    container.append(button);
  }
}

/** Returns the element for a value; what is inside objects and lists is made when it is opened. */
export function tree(value, open = false) {
  if (value === null || typeof value !== "object") return leaf(value);
  if (isRows(value)) return fold(`${value.length} rows`, () => [table(value)], open);
  const entries = Array.isArray(value) ? value.map((each, at) => [at, each]) : Object.entries(value);
  if (!entries.length) return h("span", {class: "quiet"}, Array.isArray(value) ? "empty list" : "empty");
  const noun = Array.isArray(value) ? "value" : "member";
  const label = `${entries.length} ${noun}${entries.length === 1 ? "" : "s"}`;
  return fold(label, () => {
    const list = h("dl", {class: "tree"});
    const holder = h("div", {}, list);
    more(holder, list, entries, ([name, each]) => h("div", {}, h("dt", {}, name), h("dd", {}, tree(each))));
    return [holder];
  }, open);
}

function fold(label, make, open) {
  const element = h("details", {open}, h("summary", {}, label));
  const fillIn = () => { if (element.open && element.children.length === 1) element.append(...make()); };
  element.addEventListener("toggle", fillIn);
  fillIn();
  return element;
}
