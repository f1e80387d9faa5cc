// What a KPI's value means: better or worse than another, met or missed.

import {formatNumber} from "./dom.js";

const GOALS = {HIGHER: "higher is better", LOWER: "lower is better", AT_LEAST: "at least", AT_MOST: "at most"};

export const direction = (kpi) => String(kpi.better_when).toUpperCase();

/** What the KPI is after, in words. */
export function goal(kpi) {
  const words = GOALS[direction(kpi)] ?? "";
  const bound = kpi.threshold === null || kpi.threshold === undefined ? "" : `${formatNumber(kpi.threshold)} ${kpi.unit ?? ""}`.trim();
  return direction(kpi).startsWith("AT_") ? `${words} ${bound}` : words;
}

/** Whether the threshold is met; null where there is none. */
export function met(kpi) {
  if (typeof kpi.value !== "number" || typeof kpi.threshold !== "number") return null;
  if (direction(kpi) === "AT_LEAST") return kpi.value >= kpi.threshold;
  if (direction(kpi) === "AT_MOST") return kpi.value <= kpi.threshold;
  return null;
}

/** Whether a value is better (1), worse (-1) or as good (0) as the one it is compared with; null where that has no meaning. */
export function better(kpi, than) {
  if (typeof kpi.value !== "number" || typeof than?.value !== "number") return null;
  if (direction(kpi).startsWith("AT_")) {
    const [mine, other] = [met(kpi), met(than)];
    return mine === null || other === null ? null : mine - other;
  }
  return Math.sign(direction(kpi) === "LOWER" ? than.value - kpi.value : kpi.value - than.value);
}

/** How far a value is from another one, in per cent of that. */
export function difference(kpi, than) {
  if (typeof kpi.value !== "number" || typeof than?.value !== "number") return "";
  if (kpi.value === than.value) return "±0 %";
  if (than.value === 0) return "";
  const per = (100 * (kpi.value - than.value)) / Math.abs(than.value);
  return `${per > 0 ? "+" : "−"}${formatNumber(Math.round(Math.abs(per) * 10) / 10)} %`;
}
