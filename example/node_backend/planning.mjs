/** The planning problem: which items go into the van. Its data, its algorithms and its KPIs. */

import { setTimeout as sleep } from "node:timers/promises";

/** The one table of a dataset, and what its columns hold. */
export const TABLE = "items";
export const COLUMNS = { item: "text", kg: "number", value: "number" };
export const SAMPLE = [
  { item: "Piano", kg: 210, value: 900 },
  { item: "Sofa", kg: 60.5, value: 350 },
];

const total = (items, column) => items.reduce((sum, item) => sum + item[column], 0);

export const KPIS = {
  Value: { better_when: "HIGHER", unit: "EUR", threshold: null, measure: ({ loaded }) => total(loaded, "value") },
  Weight: { better_when: "AT_MOST", unit: "kg", threshold: 250, measure: ({ loaded }) => total(loaded, "kg") },
};

const LOADING = {
  capacity: { type: "integer", required: true, default: 250, min: 0, max: 10_000 },
  first: { type: "enum", required: true, default: "value", choices: ["value", "kg"] },
};

/** Take the greatest first, and every other that still fits. */
function load(items, { capacity, first }) {
  const loaded = [];
  for (const item of items.toSorted((a, b) => b[first] - a[first])) {
    if (total(loaded, "kg") + item.kg <= capacity) loaded.push(item);
  }
  return { loaded };
}

/** A run yields its progress in percent and returns the result. */
async function* run(items, { duration = 0, ...parameters }) {
  for (let seconds = 0; seconds < duration; seconds += 0.02) {
    yield (100 * seconds) / duration;
    await sleep(20);
  }
  return load(items, parameters);
}

function fail() {
  throw new Error("This algorithm always fails.");
}

export const ALGORITHMS = {
  Greedy: { parameters: LOADING, run },
  Slow: { parameters: { ...LOADING, duration: { type: "float", required: true, default: 5, min: 0, max: 60 } }, run },
  Failing: { parameters: {}, run: fail },
};
