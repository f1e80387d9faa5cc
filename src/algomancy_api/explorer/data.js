// Datasets: uploaded, read as tables, derived, deleted.

import {address, choose} from "./address.js";
import {announce, authorization, call, path, upload} from "./api.js";
import {ask, attempt, clamped, download, formatNumber, formatTime, h, notice, replace} from "./dom.js";

const PAGE = 50;
const LONG_TEXT = 100;
const MIDNIGHT = /(?<=^\d{4}-\d\d-\d\d)T00:00:00(\.0+)?$/;
const SEVERITIES = ["CRITICAL", "ERROR", "WARNING", "INFO"];

export function dataView(main, {session, query, live}) {
  const list = h("ul", {class: "keys"});
  const report = h("div", {id: "report"});
  const content = h("section", {class: "content", "aria-label": "Dataset"});
  const reader = new Reader(session);
  let chosen = query;

  const open = (key) => choose({key, table: null, page: null, sort: null});

  function drawList() {
    const key = chosen.get("key");
    replace(list, live.keys.map((each) => h("li", {},
      h("a", {href: address({session, view: "data", key: each}), "aria-current": each === key ? "true" : null}, each))));
    if (!live.keys.length) replace(list, h("li", {class: "quiet"}, "No dataset yet."));
    if (!key && !content.children.length) {
      replace(content, h("div", {class: "empty"}, h("h2", {}, "Data"),
        h("p", {}, live.keys.length ? "Choose a dataset to see its tables." : "Drop csv, json or xlsx files on the left to make a dataset of them.")));
    }
  }

  async function drawDataset() {
    const key = chosen.get("key");
    if (!key) return replace(content);
    if (reader.key !== key) {
      replace(content, h("p", {class: "quiet", "aria-busy": "true"}, `Reading “${key}” …`));
      await attempt(() => reader.read(key));
      if (reader.key !== key || chosen.get("key") !== key) return undefined;
    }
    return drawTable(content, reader, chosen, {session, key, open});
  }

  replace(main, h("div", {class: "split"},
    h("section", {class: "side", "aria-label": "Datasets"}, h("h2", {}, "Datasets"), list, uploadForm(session, report, open, reader)),
    h("div", {class: "wide"}, report, content)));
  const end = live.listen(drawList);
  drawList();
  drawDataset();
  return {
    update: (changed) => { chosen = changed; drawList(); drawDataset(); },
    close: () => { end(); reader.close(); },
  };
}

function uploadForm(session, report, open, reader) {
  const files = h("input", {type: "file", multiple: true, accept: ".csv,.json,.xlsx", name: "files", id: "files", required: true});
  const name = h("input", {name: "dataset_name", id: "dataset-name", required: true, maxlength: "255", autocomplete: "off"});
  const progress = h("progress", {max: 1, value: 0, hidden: true, "aria-label": "Upload"});
  const chosenFiles = h("p", {class: "quiet"}, "Drop csv, json or xlsx files here.");
  const button = h("button", {class: "main"}, "Upload");

  const describe = () => {
    chosenFiles.textContent = [...files.files].map((file) => file.name).join(", ") || "Drop csv, json or xlsx files here.";
    if (!name.value && files.files.length === 1) name.value = files.files[0].name.replace(/\.[^.]+$/, "");
  };
  files.onchange = describe;

  const form = h("form", {class: "drop", onsubmit: async (event) => {
    event.preventDefault();
    const sent = new FormData(form);
    replace(report);
    progress.hidden = false;
    button.disabled = true;
    const replied = await attempt(() => upload(path("sessions", session, "etl"), sent, (part) => {
      progress.value = part;
      if (part === 1) progress.removeAttribute("value");  // Sent; the server is at work.
    }));
    progress.hidden = true;
    button.disabled = false;
    if (!replied) return;
    showReport(report, replied);
    if (!replied.success) return;
    reader.forget(replied.dataset_name);
    notice(`Dataset “${replied.dataset_name}” is there.`);
    form.reset();
    describe();
    open(replied.dataset_name);
  }}, h("label", {for: "files"}, "Files"), files, chosenFiles, h("label", {for: "dataset-name"}, "Name of the dataset"), name, button, progress);

  form.addEventListener("dragover", (event) => { event.preventDefault(); form.classList.add("over"); });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    files.files = event.dataTransfer.files;
    describe();
    name.focus();
  });
  return form;
}

function showReport(report, {dataset_name: name, success, messages = []}) {
  const sorted = [...messages].sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  const many = sorted.length > 200;
  replace(report, h("section", {class: success ? "card" : "card failed", "aria-label": "What the upload gave"},
    h("div", {class: "row"}, h("h2", {}, success ? `“${name}” was stored` : `“${name}” was not stored: nothing has changed`),
      h("button", {class: "icon", "aria-label": "Close", onclick: () => replace(report)}, "×")),
    sorted.length > 0 && h("div", {class: "scroll", tabIndex: 0, role: "group", "aria-label": "Messages"}, h("table", {},
      h("thead", {}, h("tr", {}, ["", "File", "Row", "Column", "Message"].map((each) => h("th", {scope: "col"}, each)))),
      h("tbody", {}, sorted.slice(0, 200).map((each) => h("tr", {},
        h("td", {}, h("span", {class: `badge ${each.severity.toLowerCase()}`}, each.severity.toLowerCase())),
        h("td", {}, each.table ?? ""), h("td", {class: "number"}, each.row ?? ""), h("td", {}, each.column ?? ""), h("td", {}, each.message)))))),
    many && h("p", {class: "quiet"}, `${sorted.length - 200} more messages.`)));
}

function drawTable(content, reader, chosen, {session, key, open}) {
  const {metadata, tables} = reader.loaded;
  const name = tables[chosen.get("table")] ? chosen.get("table") : Object.keys(tables)[0];
  const where = path("sessions", session, "data", key);

  async function derive() {
    const given = await ask(`Derive from “${key}”`, {fields: [{name: "key", label: "Name of the copy", value: `${key} (derived)`}], action: "Derive"});
    if (given && await attempt(() => call("POST", `${where}/derive`, {json: {new_key: given.key}}))) open(given.key);
  }

  async function remove() {
    const sure = await ask(`Delete “${key}”?`, {action: "Delete", danger: true, text: "All its tables are deleted. This cannot be undone."});
    if (!sure) return;
    if (await attempt(() => call("DELETE", where).then(() => true))) {
      notice(`Dataset “${key}” is deleted.`);
      open(null);
    }
  }

  const heading = [
    h("div", {class: "row"}, h("h2", {}, key),
      h("button", {onclick: derive}, "Derive"),
      h("button", {onclick: () => attempt(async () => download(`${key}.json`, await reader.text(), "application/json"))}, "Download"),
      h("button", {class: "danger", onclick: remove}, "Delete")),
    h("p", {class: "quiet"}, `${String(metadata.type ?? "").replace("_", " ")} · ${formatTime(metadata.creation_datetime)}`),
    h("nav", {class: "tabs", "aria-label": "Tables"}, Object.entries(tables).map(([each, table]) =>
      h("a", {href: address({session, view: "data", key, table: each}), "aria-current": each === name ? "true" : null}, `${each} (${formatNumber(table.count)})`)))];
  if (!name) return replace(content, heading, h("div", {class: "empty"}, h("p", {}, "This dataset has no tables.")));

  const table = tables[name];
  const pages = Math.max(1, Math.ceil(table.count / PAGE));
  const page = Math.min(pages, Math.max(1, Number(chosen.get("page")) || 1));
  const [sort, descending] = [(chosen.get("sort") ?? "").replace(/^-/, ""), (chosen.get("sort") ?? "").startsWith("-")];
  const body = h("tbody");
  const order = (column) => (column !== sort ? column : descending ? null : `-${column}`);
  const turn = (to) => h("button", {disabled: to < 1 || to > pages, onclick: () => choose({page: to}, {})}, to < page ? "‹ Previous" : "Next ›");
  replace(content, heading,
    h("div", {class: "scroll", tabIndex: 0, role: "group", "aria-label": `Table ${name}`}, h("table", {},
      h("thead", {}, h("tr", {}, table.columns.map((column) => h("th", {scope: "col", "aria-sort": column === sort ? (descending ? "descending" : "ascending") : null},
        h("button", {class: "sort", onclick: () => choose({sort: order(column), page: null}), title: "Sort"}, column, column === sort ? (descending ? " ▾" : " ▴") : ""),
        h("small", {class: "quiet"}, table.dtypes[column] ?? ""))))), body)),
    h("div", {class: "row pager"}, turn(page - 1),
      h("label", {class: "inline"}, "Page", h("input", {type: "number", min: "1", max: String(pages), value: String(page), onchange: (event) => choose({page: event.target.value})})),
      h("span", {class: "quiet"}, `of ${formatNumber(pages)}`), turn(page + 1)));
  return attempt(async () => {
    const rows = await reader.rows(name, (page - 1) * PAGE, page * PAGE, sort || null, descending);
    replace(body, rows.map((row) => h("tr", {}, row.map((value) => h("td", {class: typeof value === "number" ? "number" : ""},
      value === null || value === undefined ? h("span", {class: "quiet"}, "–") : cell(String(value).replace(MIDNIGHT, "")))))));
  });
}

const cell = (text) => (text.length > LONG_TEXT ? clamped(text) : text);

/** Reads datasets in a thread of its own: a million rows are parsed and sorted while the page goes on. */
class Reader {
  constructor(session) {
    this.session = session;
    this.key = null;
    this.waiting = new Map();
    this.number = 0;
    this.worker = new Worker(new URL("table-worker.js", import.meta.url), {type: "module"});
    this.worker.onmessage = ({data}) => {
      const [resolve, reject] = this.waiting.get(data.number);
      this.waiting.delete(data.number);
      if (data.error) reject(new Error(data.error));
      else resolve(data.value);
    };
  }

  ask(question) {
    this.number += 1;
    this.worker.postMessage({number: this.number, ...question});
    return new Promise((resolve, reject) => this.waiting.set(this.number, [resolve, reject]));
  }

  async read(key) {
    this.key = key;
    const url = announce("GET", path("sessions", this.session, "data", key));
    try {
      const loaded = await this.ask({read: url, headers: authorization()});
      if (this.key === key) this.loaded = loaded;
    } catch (error) {
      this.key = null;
      throw error;
    }
  }

  rows(table, from, to, sort, descending) {
    return this.ask({rows: {table, from, to, sort, descending}});
  }

  text() {
    return this.ask({text: true});
  }

  forget(key) {
    if (this.key === key) this.key = null;
  }

  close() {
    this.worker.terminate();
  }
}
