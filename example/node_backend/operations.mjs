/**
 * What the operations of the contract do, by their operationId, and all that is kept: sessions of datasets and scenarios.
 * There is one thread, so what happens between two `await`s is atomic, and what was acknowledged is there for the next call.
 */

import { randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";

import { parseMultipart, readerOf } from "./files.mjs";
import { ALGORITHMS, COLUMNS, KPIS, SAMPLE, TABLE } from "./planning.mjs";

/** An answer other than success. */
export class Refusal extends Error {
  constructor(status, detail, headers = {}) {
    super(detail);
    Object.assign(this, { status, headers });
  }
}

function demand(holds, status, detail) {
  if (!holds) throw new Refusal(status, detail);
  return holds;
}

const now = () => new Date().toISOString();
const mapped = (object, make) => Object.fromEntries(Object.entries(object).map(([name, value]) => [name, make(value, name)]));

// What is kept, and how it is shown.
const NOT_RUN = { status: "created", progress: 0, started_at: null, finished_at: null, error: null, result: null, values: {} };
const sessions = new Map(); // By id, oldest first; never empty.
addMain();

function addMain() {
  addSession("main").datasets.set("Master data", makeDataset("Master data", "dummy_data", SAMPLE));
}

function addSession(display_name) {
  const session = { id: randomUUID(), display_name, datasets: new Map(), scenarios: new Map(), queue: [], run: null };
  sessions.set(session.id, session);
  return session;
}

function addScenario({ scenarios }, fields) {
  const scenario = { ...NOT_RUN, ...fields, id: randomUUID(), created_at: now() };
  scenarios.set(scenario.id, scenario);
  return scenario;
}

/** Make a dataset. None is ever changed, so that sessions may share it. */
function makeDataset(name, type, data) {
  const metadata = { id: randomUUID(), name, type, creation_datetime: now(), tables: [TABLE] };
  const dtypes = mapped(COLUMNS, (kind) => (kind === "text" ? "string" : "float64"));
  return { metadata, tables: { [TABLE]: { data, columns: Object.keys(COLUMNS), dtypes, index: [...data.keys()] } } };
}

const sessionView = ({ id, display_name }) => ({ id, display_name });
const sessionList = () => ({ sessions: [...sessions.values()].map(sessionView), default: sessions.keys().next().value });
const statusView = ({ id, tag, status, progress }) => ({ id, tag, status, progress });
const keyList = ({ datasets }) => ({ keys: [...datasets.keys()] });
const scenarioView = ({ values, ...scenario }) => ({
  ...scenario,
  kpis: mapped(KPIS, ({ measure, ...kpi }, name) => ({ name, ...kpi, value: values[name] ?? null })),
});

// What is asked for is there, and what is sent fits.
function sessionOf({ session_id: id }) {
  const named = (session) => session.display_name === id;
  return demand(sessions.get(id) ?? [...sessions.values()].find(named), 404, `There is no session '${id}'.`);
}

function scenarioOf(path, id = path.scenario_id) {
  const session = sessionOf(path);
  return { session, scenario: demand(session.scenarios.get(id), 404, `There is no scenario '${id}'.`) };
}

function datasetOf(path, key = path.data_key) {
  const session = sessionOf(path);
  return { session, key, dataset: demand(session.datasets.get(key), 404, `There is no dataset '${key}'.`) };
}

const algorithmNamed = (name) =>
  demand(Object.hasOwn(ALGORITHMS, name) && ALGORITHMS[name], 404, `There is no algorithm '${name}'.`);
const isName = (text) => text.trim() !== "" && [...text].length <= 255 && !/[\0-\x1f\x7f-\x9f]/.test(text);
const isPending = ({ status }) => status === "queued" || status === "processing";

function checkName(name, field, others, own) {
  demand(isName(name), 422, `${field}: 1 to 255 characters, not blank, no control characters.`);
  const taken = [...others.values()].some((one) => one !== own && (one.display_name ?? one.tag) === name);
  demand(!taken, 409, `${field}: '${name}' is taken.`);
}

function checkKey(key) {
  const fits = isName(key) && !key.includes("/") && ![".", "..", "from-json"].includes(key);
  demand(fits, 400, `'${key}' can be no key: 1 to 255 characters, no '/', no control characters, not '.', '..', 'from-json'.`);
}

function checkUnused({ scenarios }, key) {
  const user = [...scenarios.values()].find(({ input_data_key }) => input_data_key === key);
  demand(!user, 409, `Scenario '${user?.tag}' uses dataset '${key}'.`);
}

/** Return the values that a run gets: those given, and the described ones for the others. */
function parameterValues(described, given) {
  for (const [name, value] of Object.entries(given ?? {})) {
    demand(Object.hasOwn(described, name), 400, `There is no parameter '${name}'.`);
    const { type, min, max, choices } = described[name];
    const isNumber = type === "integer" ? Number.isInteger(value) : typeof value === "number";
    const fits = choices ? choices.includes(value) : isNumber && value >= min && value <= max;
    demand(fits, 400, `Parameter '${name}' must be ${choices ? `one of ${choices.join(", ")}` : `${type}, ${min} to ${max}`}.`);
  }
  return { ...mapped(described, (parameter) => parameter.default), ...given };
}

// Runs: one at a time in a session, first in, first out.
async function startNext(session) {
  if (session.run || session.queue.length === 0) return;
  const run = (session.run = { scenario: session.queue.shift() });
  const { scenario } = run;
  Object.assign(scenario, { status: "processing", started_at: now() });
  try {
    const { data } = session.datasets.get(scenario.input_data_key).tables[TABLE];
    const steps = ALGORITHMS[scenario.algorithm.name].run(data, scenario.algorithm.parameters);
    while (scenario.status === "processing") {
      const { value, done } = await steps.next();
      await turn(); // Requests are answered between two steps.
      if (session.run !== run) return; // The scenario was deleted.
      if (done) end(scenario, "complete", value);
      else scenario.progress = value;
    }
  } catch (error) {
    if (session.run === run) end(scenario, "failed", { error: error.message });
  }
  withdraw(session, scenario);
}

function end(scenario, status, result) {
  Object.assign(scenario, { status, result, finished_at: now(), error: result.error ?? null });
  if (status === "complete") Object.assign(scenario, { progress: 100, values: mapped(KPIS, ({ measure }) => measure(result)) });
}

/** Take a scenario out of the queue and out of its run; the next one starts at once. */
function withdraw(session, scenario) {
  session.queue = session.queue.filter((waiting) => waiting !== scenario);
  if (session.run?.scenario === scenario) session.run = null;
  startNext(session);
}

// Uploads.
const isExact = (number) => Number.isSafeInteger(number) || (Number.isFinite(number) && !Number.isInteger(number));
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?$/i;
const CONVERT = {
  text: (value) => (typeof value === "string" || Number.isSafeInteger(value) ? String(value) : undefined),
  number: (value) => (NUMBER.test(value) && isExact(Number(value)) ? Number(value) : undefined),
};

/** Return the rows of an upload, which must be one file, of the one table, as a dataset has them; what does not fit is told. */
async function readUpload(parts, tell) {
  const files = parts.filter(({ name }) => name === "files").map((part) => ({ ...part, ...readerOf(part.filename ?? "") }));
  for (const [i, { filename = "", stem, read }] of files.entries()) {
    demand(read, 400, `'${filename}' cannot be read: files are named ….csv, ….json or ….xlsx.`);
    demand(stem === TABLE && i === 0, 400, `'${filename}': one file is expected, named ${TABLE}.`);
  }
  const [{ filename, read, content }] = demand(files.length && files, 400, `The file ${TABLE}.csv, .json or .xlsx is missing.`);
  const rows = [];
  try {
    for (const [at, row] of read(content)) {
      for (const column in row) if (!Object.hasOwn(COLUMNS, column)) tell(`'${column}' is not expected.`, column, at);
      const converted = mapped(COLUMNS, (kind, column) => CONVERT[kind](row[column]));
      const [wrong] = Object.keys(COLUMNS).filter((column) => converted[column] === undefined);
      if (wrong) tell(`'${wrong}' must be a ${COLUMNS[wrong]}, not '${row[wrong] ?? ""}'.`, wrong, at);
      if (rows.push(converted) % 2000 === 0) await turn(); // Requests are answered meanwhile.
    }
  } catch (error) {
    throw new Refusal(400, `'${filename}' cannot be read: ${error.message}`);
  }
  if (rows.length === 0) tell("There are no rows.", null, null);
  return rows;
}

/** The operations: each gets the parameters of its path, its body and `made`, and returns the body of its success. */
export const operations = {
  get_health: () => ({ status: "ok", title: "Van loading", sessions: sessionList().sessions }),

  list_sessions: sessionList,
  get_session: (path) => sessionView(sessionOf(path)),
  create_session(path, { display_name }, made) {
    checkName(display_name, "display_name", sessions);
    made("sessions", addSession(display_name).id);
    return sessionList();
  },
  copy_session(path, { new_display_name }, made) {
    const { datasets, scenarios } = sessionOf(path);
    checkName(new_display_name, "new_display_name", sessions);
    const copy = Object.assign(addSession(new_display_name), { datasets: new Map(datasets) });
    for (const scenario of scenarios.values()) addScenario(copy, { ...scenario, ...(isPending(scenario) && NOT_RUN) });
    made("sessions", copy.id);
    return sessionList();
  },
  rename_session(path, { display_name }) {
    const session = sessionOf(path);
    checkName(display_name, "display_name", sessions, session);
    return sessionView(Object.assign(session, { display_name }));
  },
  delete_session(path) {
    const session = Object.assign(sessionOf(path), { queue: [], run: null });
    sessions.delete(session.id);
    if (sessions.size === 0) addMain();
    return sessionList();
  },

  list_algorithms: (path) => sessionOf(path) && { algorithms: Object.keys(ALGORITHMS) },
  get_algorithm_parameters(path) {
    const described = Object.entries(sessionOf(path) && algorithmNamed(path.algorithm_name).parameters);
    return { name: path.algorithm_name, parameters: described.map(([name, one]) => ({ name, ...one, value: one.default })) };
  },
  list_kpis: (path) => sessionOf(path) && { kpis: Object.keys(KPIS) },

  list_scenarios: (path) => [...sessionOf(path).scenarios.values()].map(scenarioView),
  create_scenario(path, { tag, dataset_key, algo_name, algo_params, data_params }, made) {
    const { session, dataset } = datasetOf(path, dataset_key);
    const parameters = parameterValues(algorithmNamed(algo_name).parameters, algo_params);
    const data_parameters = parameterValues({}, data_params);
    checkName(tag, "tag", session.scenarios);
    const input = { input_data_id: dataset.metadata.id, input_data_key: dataset_key };
    const scenario = addScenario(session, { tag, ...input, algorithm: { name: algo_name, parameters }, data_parameters });
    made("sessions", session.id, "scenarios", scenario.id);
    return scenarioView(scenario);
  },
  get_scenario: (path) => scenarioView(scenarioOf(path).scenario),
  get_scenario_status: (path) => statusView(scenarioOf(path).scenario),
  get_processing(path) {
    const { run } = sessionOf(path);
    return run && scenarioView(run.scenario);
  },
  delete_scenario(path) {
    const { session, scenario } = scenarioOf(path);
    session.scenarios.delete(scenario.id);
    withdraw(session, scenario);
  },
  run_scenario(path) {
    const { session, scenario } = scenarioOf(path);
    demand(!isPending(scenario), 409, `Scenario '${scenario.tag}' is ${scenario.status} already.`);
    session.queue.push(Object.assign(scenario, NOT_RUN, { status: "queued" }));
    startNext(session);
    return scenarioView(scenario);
  },

  list_datasets: (path) => keyList(sessionOf(path)),
  get_dataset: (path) => datasetOf(path).dataset,
  delete_dataset(path) {
    const { session, key } = datasetOf(path);
    checkUnused(session, key);
    session.datasets.delete(key);
  },
  derive_dataset(path, { new_key }, made) {
    const { session, dataset } = datasetOf(path);
    checkKey(new_key);
    demand(!session.datasets.has(new_key), 409, `new_key: there is a dataset '${new_key}' already.`);
    const changed = { id: randomUUID(), name: new_key, type: "derived_data", creation_datetime: now() };
    session.datasets.set(new_key, { ...dataset, metadata: { ...dataset.metadata, ...changed } });
    made("sessions", session.id, "data", new_key);
    return keyList(session);
  },
  add_dataset_from_json(path, dataset, made) {
    const session = sessionOf(path);
    const { name } = dataset.metadata;
    checkKey(name);
    checkUnused(session, name);
    // What may be left out of what is sent is there in what is read.
    const { creation_datetime = null } = dataset.metadata;
    const tables = mapped(dataset.tables, (table) => ({ dtypes: {}, ...table }));
    const filledIn = { creation_datetime: creation_datetime ?? now(), tables: Object.keys(tables) };
    session.datasets.set(name, { ...dataset, metadata: { ...dataset.metadata, ...filledIn }, tables });
    made("sessions", session.id, "data", name);
    return keyList(session);
  },
  async run_etl(path, body, made, contentType) {
    const session = sessionOf(path);
    const parts = demand(parseMultipart(body, contentType), 422, "dataset_name: the body must be a whole multipart/form-data.");
    const field = parts.find(({ name, filename }) => name === "dataset_name" && filename === undefined);
    const dataset_name = demand(field?.content.toString(), 422, "dataset_name: a field that is not empty is required.");
    checkKey(dataset_name);
    const messages = [];
    const tell = (message, column, row) => messages.push({ severity: "ERROR", message, table: TABLE, column, row, code: null });
    const rows = await readUpload(parts, tell);
    checkUnused(session, dataset_name);
    const success = messages.length === 0;
    if (success) session.datasets.set(dataset_name, makeDataset(dataset_name, "master_data", rows));
    return { dataset_name, success, ...keyList(session), messages };
  },
};
