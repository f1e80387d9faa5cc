// A form made from parameter descriptors: all eight types, with their limits.

import {h} from "./dom.js";

const MINUTE = 60_000;

/** Whether a time is one moment everywhere; without an offset it is what a clock on the wall shows, wherever that is. */
const isMoment = (text) => /(Z|[+-]\d\d:?\d\d)$/.test(text ?? "");

/** `2026-01-02T03:04:05Z` as the clock here shows it, for an input. */
function local(text) {
  if (!isMoment(text)) return (text ?? "").slice(0, 19);
  const time = new Date(text);
  return new Date(time - time.getTimezoneOffset() * MINUTE).toISOString().slice(0, 19);
}

/** What an input holds, as a time of the same kind as the one described. */
function told(value, like) {
  if (!value) return null;
  return isMoment(like) ? new Date(value).toISOString() : `${value}:00`.slice(0, 19);
}

function limits({min, max}) {
  if (min === null && max === null) return "";
  if (max === null || max === undefined) return `at least ${min}`;
  return min === null || min === undefined ? `at most ${max}` : `${min} to ${max}`;
}

const KINDS = {
  string: (each, id) => {
    const input = h("input", {id, type: "text", value: each.value ?? "", required: each.required});
    return {elements: [input], read: () => input.value};
  },
  integer: (each, id) => number(each, id, "1"),
  float: (each, id) => number(each, id, "any"),
  boolean: (each, id) => {
    const input = h("input", {id, type: "checkbox", checked: each.value === true});
    return {elements: [input], read: () => input.checked};
  },
  enum: (each, id) => {
    const input = h("select", {id}, each.choices.map((choice) => h("option", {value: choice, selected: choice === each.value}, choice)));
    return {elements: [input], read: () => input.value};
  },
  multi_enum: (each, id) => {
    const boxes = each.choices.map((choice) => h("input", {type: "checkbox", value: choice, checked: (each.value ?? []).includes(choice)}));
    const group = h("div", {id, role: "group", class: "choices"}, boxes.map((box) => h("label", {class: "inline"}, box, box.value)));
    return {elements: [group], read: () => boxes.filter((box) => box.checked).map((box) => box.value)};
  },
  time: (each, id) => {
    const input = h("input", {id, type: "datetime-local", step: "1", value: local(each.value), required: each.required});
    return {elements: [input], read: () => told(input.value, each.value)};
  },
  interval: (each, id) => {
    const [from, to] = each.value ?? each.default ?? [null, null];
    const start = h("input", {id, type: "datetime-local", step: "1", value: local(from), required: each.required});
    const end = h("input", {type: "datetime-local", step: "1", value: local(to), required: each.required, "aria-label": `${each.name}, end`});
    return {elements: [start, h("span", {class: "quiet"}, "to"), end], read: () => (start.value && end.value ? [told(start.value, from), told(end.value, to)] : null)};
  },
};

function number(each, id, step) {
  const input = h("input", {id, type: "number", step, value: each.value === null || each.value === undefined ? "" : String(each.value),
    min: each.min === null ? null : String(each.min ?? ""), max: each.max === null ? null : String(each.max ?? ""), required: each.required});
  return {elements: [input], read: () => (input.value === "" ? null : Number(input.value))};
}

/** Returns the form's element and `read()`, which gives the values of all parameters that have one. */
export function parameterForm(descriptors, prefix) {
  const fields = descriptors.map((each, at) => {
    const id = `${prefix}-${at}`;
    const field = KINDS[each.type](each, id);
    const shown = JSON.stringify(field.read());
    const hint = limits(each);
    // What was not touched stays as it was described: an input may hold less than that.
    const read = () => (JSON.stringify(field.read()) === shown ? each.value : field.read());
    return {each, read, row: h("div", {class: "field"},
      h("label", {for: id}, each.name, !each.required && h("span", {class: "quiet"}, " (optional)")),
      h("div", {class: "inputs"}, field.elements), hint && h("small", {class: "quiet"}, hint))};
  });
  const element = h("div", {class: "form"}, fields.length ? fields.map((field) => field.row) : h("p", {class: "quiet"}, "No parameters."));
  const read = () => Object.fromEntries(fields
    .map((field) => [field.each.name, field.read()])
    .filter(([, value]) => value !== null && value !== undefined));
  return {element, read};
}
