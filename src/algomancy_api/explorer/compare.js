// Scenarios side by side: a bar for each value, better and worse told from the first one chosen.

import {address, choose} from "./address.js";
import {clamped, download, formatNumber, h, replace} from "./dom.js";
import {better, difference, direction, goal, met} from "./kpis.js";

const OFFERED = 200;
const AT_FIRST = 4;
const NONE = "none";

export function compareView(main, {session, query, live}) {
  let chosen = query;
  const latest = () => [...live.scenarios.values()].filter((each) => each.status === "complete").slice(-AT_FIRST).map((each) => each.id);
  // Where nothing was chosen yet, those that came last are what one wants to see.
  const ids = () => (chosen.get("ids")?.split(",") ?? latest()).filter((id) => live.scenarios.has(id));

  function pick(id, on) {
    const others = ids().filter((each) => each !== id);
    choose({ids: (on ? [...others, id] : others).join(",") || NONE});
  }

  function draw() {
    const complete = [...live.scenarios.values()].filter((each) => each.status === "complete").reverse();
    const picked = ids().map((id) => live.scenarios.get(id));
    replace(main, h("div", {class: "split"},
      h("section", {class: "side", "aria-label": "What to compare"}, h("h2", {}, "Compare"),
        h("p", {class: "quiet"}, picked.length ? "Differences are those from the first one chosen." : "Choose two or more."),
        h("ul", {class: "keys"}, [...picked, ...complete.filter((each) => !picked.includes(each)).slice(0, OFFERED)].map((each) => h("li", {},
          h("label", {class: "inline"}, h("input", {type: "checkbox", checked: picked.includes(each), onchange: (event) => pick(each.id, event.target.checked)}), clamped(each.tag),
            each === picked[0] && h("span", {class: "badge"}, "first"))))),
        complete.length > OFFERED && h("p", {class: "quiet"}, "The latest are listed; choose older ones in the list of scenarios.")),
      h("section", {class: "wide", "aria-label": "KPIs"}, picked.length ? charts(picked) : nothing(complete))));
  }

  const nothing = (complete) => h("div", {class: "empty"}, h("h2", {}, "Nothing to compare yet"),
    h("p", {}, complete.length ? "Choose scenarios on the left." : ["No scenario has a result. ", h("a", {href: address({session, view: "scenarios"})}, "Run one"), " first."]));

  const end = live.listen(draw);
  return {update: (changed) => { chosen = changed; draw(); }, close: end};
}

/** Each KPI with the values of all scenarios chosen, and how long each bar is, from 0 to 1. */
function compared(scenarios) {
  const names = [...new Set(scenarios.flatMap((each) => Object.keys(each.kpis)))];
  return names.map((name) => {
    const kpis = scenarios.map((each) => each.kpis[name]).map((kpi) => kpi ?? {value: null});
    const first = kpis.find((kpi) => kpi.better_when) ?? {};
    const thresholds = kpis.map((kpi) => kpi.threshold).filter((value) => typeof value === "number");
    const most = Math.max(...kpis.map((kpi) => Math.abs(kpi.value ?? 0)), ...thresholds.map(Math.abs), Number.MIN_VALUE);
    return {name, first, threshold: thresholds.length ? Math.abs(thresholds[0]) / most : null, rows: scenarios.map((scenario, at) => ({
      scenario, kpi: kpis[at], length: Math.abs(kpis[at].value ?? 0) / most,
      verdict: at === 0 && !direction(first).startsWith("AT_") ? null : verdict(kpis[at], kpis[0], at),
      difference: at === 0 ? "" : difference(kpis[at], kpis[0]),
    }))};
  });
}

function verdict(kpi, than, at) {
  if (met(kpi) !== null) return met(kpi) ? "met" : "missed";
  const compared = at === 0 ? null : better(kpi, than);
  return compared === null || compared === 0 ? null : compared > 0 ? "better" : "worse";
}

function charts(scenarios) {
  const all = compared(scenarios);
  return [
    h("div", {class: "row"}, h("h2", {}, `${scenarios.length} scenarios`),
      h("button", {onclick: () => download("comparison.csv", asCsv(all), "text/csv")}, "Download csv"),
      h("button", {onclick: async () => download("comparison.png", await asPicture(all))}, "Download PNG")),
    scenarios.length > 1 && summary(scenarios, all),
    all.map((each) => h("figure", {class: "card"},
      h("figcaption", {}, h("strong", {}, each.name), h("span", {class: "quiet"}, goal(each.first))),
      h("div", {class: "bars"}, each.rows.map((row) => bar(row, each.threshold)))))];
}

/** Which scenario is best, and in what. */
function summary(scenarios, all) {
  const wins = new Map(scenarios.map((each) => [each, []]));
  for (const {name, rows} of all) {
    const best = rows.filter((row) => rows.every((other) => (better(row.kpi, other.kpi) ?? -1) >= 0));
    if (best.length < rows.length) best.forEach((row) => wins.get(row.scenario).push(name));
  }
  const most = Math.max(...[...wins.values()].map((names) => names.length));
  return h("ul", {class: "card summary", "aria-label": "Which is best"}, scenarios.map((each) => {
    const names = wins.get(each);
    return h("li", {class: names.length && names.length === most ? "better" : ""}, h("strong", {title: each.tag}, each.tag),
      names.length ? ` is best in ${names.length} of ${all.length}: ${names.join(", ")}` : " is best in none");
  }));
}

function bar({scenario, kpi, length, verdict: said, difference: apart}, threshold) {
  const filled = h("div", {class: `bar ${said ?? ""}`});
  filled.style.width = `${length * 100}%`;
  const line = threshold === null ? null : h("div", {class: "threshold", title: `threshold ${formatNumber(kpi.threshold)}`});
  if (line) line.style.left = `${threshold * 100}%`;
  return h("div", {class: "bar-row"},
    clamped(scenario.tag),
    h("div", {class: "bar-space"}, filled, line),
    h("span", {class: "bar-value"}, formatNumber(kpi.value), " ", h("span", {class: "quiet"}, kpi.unit ?? "")),
    h("span", {class: `bar-said ${said ?? ""}`}, [apart, said].filter(Boolean).join(" · ")));
}

function asCsv(all) {
  const cell = (value) => (/[",\n]/.test(String(value ?? "")) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
  const rows = all.flatMap((each) => each.rows.map((row) =>
    [each.name, row.scenario.tag, row.kpi.value, row.kpi.unit, row.difference.replace("−", "-"), row.verdict]));
  return [["KPI", "Scenario", "Value", "Unit", "Difference", "Verdict"], ...rows].map((row) => row.map(cell).join(",")).join("\n");
}

/** The same bars as a picture. */
function asPicture(all) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const [width, line, names] = [900, 30, 240];
  const height = all.reduce((sum, each) => sum + line * (each.rows.length + 1.8), 20);
  const canvas = h("canvas");
  [canvas.width, canvas.height] = [width * 2, height * 2];
  const pen = canvas.getContext("2d");
  pen.scale(2, 2);
  pen.fillStyle = colour("surface");
  pen.fillRect(0, 0, width, height);
  pen.textBaseline = "middle";
  let y = 30;
  const write = (text, x, bold = false) => {
    pen.fillStyle = colour("text");
    pen.font = `${bold ? "600 " : ""}14px system-ui, sans-serif`;
    pen.fillText(text, x, y, x < names ? names - 25 : undefined);
  };
  for (const each of all) {
    write(`${each.name}   ${goal(each.first)}`, 15, true);
    y += line;
    for (const row of each.rows) {
      write(row.scenario.tag, 15);
      pen.fillStyle = colour(row.verdict ?? "accent");
      const space = width - names - 260;
      pen.fillRect(names, y - 8, Math.max(1, row.length * space), 16);
      if (each.threshold !== null) {
        pen.fillStyle = colour("text");
        pen.fillRect(names + each.threshold * space, y - 12, 2, 24);
      }
      write(`${formatNumber(row.kpi.value)} ${row.kpi.unit ?? ""}  ${[row.difference, row.verdict].filter(Boolean).join(" · ")}`, width - 250);
      y += line;
    }
    y += line * 0.8;
  }
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}
