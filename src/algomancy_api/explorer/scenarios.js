// Scenarios: created from a form, run, watched, read.

import {address, choose, route} from "./address.js";
import {call, path} from "./api.js";
import {LongList, ask, attempt, formatNumber, formatTime, h, notice, replace, settled} from "./dom.js";
import {parameterForm} from "./form.js";
import {goal} from "./kpis.js";
import {tree} from "./result.js";

const HEIGHT = 52;
const UNDER_WAY = ["queued", "processing"];

export function scenariosView(main, {session, query, live}) {
  let chosen = query;
  let shown = [];
  const picked = () => (chosen.get("pick") ?? "").split(",").filter(Boolean);
  const detail = h("section", {class: "content", "aria-label": "Scenario"});
  const empty = h("div", {class: "empty"});
  const count = h("span", {class: "quiet"});
  const filter = h("input", {type: "search", placeholder: "Filter", "aria-label": "Filter scenarios", value: query.get("filter") ?? "",
    oninput: settled(() => note({filter: filter.value}))});
  const compare = h("a", {class: "button"}, "Compare");
  const list = new LongList({height: HEIGHT, label: "Scenarios", row: (at) => row(shown[at])});
  const panel = new Detail(detail, session, live);
  const creation = newScenario(session, live, (made) => choose({scenario: made.id}));

  /** Keeps in the address what is no step to go back from. */
  function note(changes) {
    choose(changes, {replaced: true});
    chosen = route().query;
    refresh();
  }

  function pick(id, on) {
    const others = picked().filter((each) => each !== id);
    note({pick: (on ? [...others, id] : others).join(",")});
  }

  function row(each) {
    const link = address({session, view: "scenarios", ...Object.fromEntries(chosen), scenario: each.id});
    return h("div", {class: each.id === chosen.get("scenario") ? "long-row chosen" : "long-row", role: "listitem"},
      h("input", {type: "checkbox", "aria-label": `Compare ${each.tag}`, checked: picked().includes(each.id), onchange: (event) => pick(each.id, event.target.checked)}),
      h("a", {href: link, class: "name"}, each.tag, h("small", {class: "quiet"}, `${each.algorithm.name} · ${each.input_data_key ?? ""}`)),
      h("span", {class: `badge ${each.status}`}, each.status),
      each.status === "processing"
        ? h("progress", {max: 100, value: each.progress, "aria-label": `Progress of ${each.tag}`})
        : h("span", {class: "space"}),
      action(session, each));
  }

  function refresh() {
    const wanted = filter.value.toLowerCase();
    shown = [...live.scenarios.values()].reverse();
    if (wanted) shown = shown.filter((each) => `${each.tag}\n${each.algorithm.name}\n${each.input_data_key}\n${each.status}`.toLowerCase().includes(wanted));
    count.textContent = wanted ? `${shown.length} of ${live.scenarios.size}` : `${shown.length}`;
    compare.textContent = `Compare ${picked().length || ""}`;
    compare.href = address({session, view: "compare", ids: picked().join(",") || null});
    list.show(shown.length);
    replace(empty, !live.scenarios.size && h("div", {}, h("h2", {}, "No scenario yet"),
      h("p", {}, live.keys.length ? "A scenario is a dataset, an algorithm and its parameters. Create one above." : ["There is nothing to plan with: ", h("a", {href: address({session, view: "data"})}, "upload a dataset"), " first."])));
    panel.show(chosen.get("scenario"));
    creation.offer();
  }

  replace(main, h("div", {class: "split even"},
    h("section", {class: "wide", "aria-label": "All scenarios"},
      creation.element,
      h("div", {class: "row"}, h("h2", {}, "Scenarios ", count), filter, compare), empty, list.element),
    detail));
  const end = live.listen(refresh);
  return {update: (changed) => { chosen = changed; refresh(); }, close: end};
}

/** The one thing one would do next with a scenario. */
function action(session, each) {
  const where = path("sessions", session, "scenarios", each.id);
  const act = (what) => () => attempt(() => call("POST", `${where}/${what}`));
  if (each.status === "created") return h("button", {onclick: act("run")}, "Run");
  if (UNDER_WAY.includes(each.status)) return h("button", {onclick: act("cancel")}, "Cancel");
  return h("button", {onclick: async () => {
    const sure = await ask(`Reset “${each.tag}”?`, {action: "Reset", text: "Its result and KPI values are forgotten; it can be run again then."});
    if (sure) act("reset")();
  }}, "Reset");
}

function newScenario(session, live, done) {
  const holder = h("div");
  const first = h("p", {}, h("a", {href: address({session, view: "data"})}, "Upload a dataset"), " first.");
  let made = null;
  const element = h("details", {class: "card", ontoggle: () => { if (element.open && !made) build(); }},
    h("summary", {}, "New scenario"), holder);

  async function build() {
    const algorithms = await attempt(() => call("GET", path("sessions", session, "algorithms")));
    if (!algorithms) return;
    const tag = h("input", {id: "tag", required: true, maxlength: "255", autocomplete: "off"});
    const algorithm = h("select", {id: "algorithm"}, algorithms.algorithms.map((name) => h("option", {value: name}, name)));
    const dataset = h("select", {id: "dataset"});
    const own = h("div");
    const data = h("div");
    let read = {algorithm: () => ({}), data: () => ({})};
    let suggested = "";

    function suggest() {
      if (tag.value !== suggested) return;
      const tags = new Set([...live.scenarios.values()].map((each) => each.tag));
      let number = 1;
      while (tags.has(`${algorithm.value} ${number}`)) number += 1;
      suggested = `${algorithm.value} ${number}`;
      tag.value = suggested;
    }

    async function describe() {
      suggest();
      const [forAlgorithm, forData] = await Promise.all([
        attempt(() => call("GET", path("sessions", session, "algorithms", algorithm.value, "parameters"))),
        dataset.value ? call("GET", path("sessions", session, "data", dataset.value, "parameters")).catch(() => null) : null]);
      const first = parameterForm(forAlgorithm?.parameters ?? [], "parameter");
      const second = parameterForm(forData?.parameters ?? [], "data-parameter");
      read = {algorithm: first.read, data: second.read};
      replace(own, h("fieldset", {}, h("legend", {}, `Parameters of ${algorithm.value}`), first.element));
      replace(data, (forData?.parameters ?? []).length > 0 && h("fieldset", {}, h("legend", {}, `Parameters of ${dataset.value}`), second.element));
    }

    const form = h("form", {onsubmit: async (event) => {
      event.preventDefault();
      const json = {tag: tag.value, dataset_key: dataset.value, algo_name: algorithm.value, algo_params: read.algorithm(), data_params: read.data()};
      const scenario = await attempt(() => call("POST", path("sessions", session, "scenarios"), {json}));
      if (!scenario) return;
      if (event.submitter?.value === "run") await attempt(() => call("POST", path("sessions", session, "scenarios", scenario.id, "run")));
      tag.value = suggested;
      live.read(scenario.id).then(suggest);
      done(scenario);
    }}, h("div", {class: "form"},
      h("div", {class: "field"}, h("label", {for: "dataset"}, "Dataset"), dataset),
      h("div", {class: "field"}, h("label", {for: "algorithm"}, "Algorithm"), algorithm),
      h("div", {class: "field"}, h("label", {for: "tag"}, "Tag"), tag)), own, data,
    h("div", {class: "row end"}, h("button", {value: "create"}, "Create"), h("button", {class: "main", value: "run"}, "Create and run")));
    algorithm.onchange = describe;
    dataset.onchange = describe;
    made = {form, dataset, describe};
    offer();
  }

  /** Offers the datasets that there are, now and whenever they change. */
  function offer() {
    if (!made || !live.ready) return;
    const {form, dataset, describe} = made;
    const wanted = live.keys.length ? form : first;
    if (holder.firstChild !== wanted) replace(holder, wanted);
    if (live.keys.join("\n") === [...dataset.options].map((each) => each.value).join("\n")) return;
    const before = dataset.value;
    replace(dataset, live.keys.map((key) => h("option", {value: key, selected: key === before}, key)));
    if (dataset.value !== before) describe();
  }
  return {element, offer};
}

/** One scenario in full: read again when it has come to an end. */
class Detail {
  constructor(element, session, live) {
    Object.assign(this, {element, session, live, id: null, version: null});
  }

  async show(id) {
    if (!id) {
      this.version = null;
      const hint = "Choose a scenario to see its KPIs and its result; tick some to compare them.";
      return replace(this.element, this.live.scenarios.size > 0 && h("div", {class: "empty"}, h("p", {}, hint)));
    }
    const known = this.live.scenarios.get(id);
    if (!known) return this.live.ready && replace(this.element, h("div", {class: "empty"}, h("p", {}, "This scenario does not exist any more.")));
    const version = `${id} ${known.status} ${known.finished_at ?? ""}`;
    if (version === this.version) {
      const bar = this.element.querySelector("progress");
      if (bar) bar.value = known.progress;
      return undefined;
    }
    this.version = version;
    const scenario = await attempt(() => call("GET", path("sessions", this.session, "scenarios", id)));
    if (scenario && this.version === version) this.draw(scenario);
    return undefined;
  }

  draw(scenario) {
    const parameters = typeof scenario.algorithm.parameters === "string" ? JSON.parse(scenario.algorithm.parameters) : scenario.algorithm.parameters;
    const failed = scenario.status === "failed";
    replace(this.element,
      h("div", {class: "row"}, h("h2", {}, scenario.tag), h("span", {class: `badge ${scenario.status}`}, scenario.status),
        action(this.session, scenario), h("button", {class: "danger", onclick: () => this.remove(scenario)}, "Delete")),
      scenario.status === "processing" && h("progress", {max: 100, value: scenario.progress, class: "full", "aria-label": "Progress"}),
      failed && h("p", {class: "card failed"}, scenario.error ?? scenario.result?.error ?? "The run failed."),
      h("h3", {}, "KPIs"), kpiTable(scenario.kpis),
      h("h3", {}, "Made of"),
      h("dl", {class: "tree"},
        entry("Algorithm", scenario.algorithm.name), entry("Dataset", scenario.input_data_key ?? scenario.input_data_id),
        entry("Parameters", tree(parameters ?? {}, true)), entry("Data parameters", tree(scenario.data_parameters ?? {}, true)),
        entry("Created", formatTime(scenario.created_at)), entry("Started", formatTime(scenario.started_at)), entry("Finished", formatTime(scenario.finished_at))),
      !failed && scenario.result && [h("h3", {}, "Result"), tree(scenario.result, true)]);
  }

  async remove(scenario) {
    const sure = await ask(`Delete “${scenario.tag}”?`, {action: "Delete", danger: true,
      text: UNDER_WAY.includes(scenario.status) ? "Its run is stopped. This cannot be undone." : "Its result is deleted with it. This cannot be undone."});
    if (!sure) return;
    const gone = await attempt(() => call("DELETE", path("sessions", this.session, "scenarios", scenario.id)).then(() => true));
    if (!gone) return;
    notice(`Scenario “${scenario.tag}” is deleted.`);
    this.live.scenarios.delete(scenario.id);
    choose({scenario: null});
  }
}

const entry = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));

function kpiTable(kpis) {
  return h("table", {}, h("tbody", {}, Object.entries(kpis).map(([name, kpi]) => h("tr", {},
    h("th", {scope: "row"}, name), h("td", {class: "number"}, formatNumber(kpi.value), " ", h("span", {class: "quiet"}, kpi.unit ?? "")),
    h("td", {class: "quiet"}, goal(kpi))))));
}
