/**
 * The flow that every generated client is taken through: 22 checks that together call every operation that answers in JSON,
 * with names and keys that a path cannot hold as they are. A check prepares what it needs with plain requests, and asks the
 * client for one thing.
 */

export interface Session {
  id: string;
  display_name: string;
}

export interface Scenario {
  id: string;
  tag: string;
  status: "created" | "queued" | "processing" | "complete" | "failed";
  progress: number;
  kpis: Record<string, { value: number | null }>;
}

export interface FullScenario extends Scenario {
  result: Record<string, unknown> | null;
}

export interface Dataset {
  metadata: { id: string; name: string };
  tables: Record<string, { data: Record<string, unknown>[] }>;
}

export interface Report {
  success: boolean;
  keys: string[];
  messages?: { table?: string | null; message: string }[];
}

export interface NewScenario {
  tag: string;
  dataset_key: string;
  algo_name: string;
  algo_params: Record<string, unknown>;
}

type Choice = string | number | boolean;

/** A parameter of an algorithm; its `type` tells which other members it has. */
export type Descriptor =
  | { name: string; type: "integer" | "float"; value: number | null; min: number | null; max: number | null }
  | { name: string; type: "enum"; value: Choice | null; choices: Choice[] }
  | { name: string; type: "multi_enum"; value: Choice[] | null; choices: Choice[] }
  | { name: string; type: "boolean"; value: boolean | null }
  | { name: string; type: "string" | "time"; value: string | null }
  | { name: string; type: "interval"; value: string[] | null };

/** What a client must offer; the types it generated have to fit these without a cast. */
export interface Backend {
  health(): Promise<"ok">;
  runs(): Promise<{ running: number; queued: number }>;
  listSessions(): Promise<{ sessions: Session[]; default: string }>;
  createSession(display_name: string): Promise<{ sessions: Session[] }>;
  getSession(session: string): Promise<Session>;
  copySession(session: string, new_display_name: string): Promise<{ sessions: Session[] }>;
  renameSession(session: string, display_name: string): Promise<Session>;
  deleteSession(session: string): Promise<{ sessions: Session[] }>;
  listAlgorithms(session: string): Promise<string[]>;
  listKpis(session: string): Promise<string[]>;
  parameters(session: string, algorithm: string): Promise<Descriptor[]>;
  listDatasets(session: string): Promise<string[]>;
  getDataset(session: string, key: string): Promise<Dataset>;
  dataParameters(session: string, key: string): Promise<number>;
  /** Read a dataset, rename it, and send it as a new one. */
  sendBack(session: string, key: string, new_key: string): Promise<string[]>;
  deriveDataset(session: string, key: string, new_key: string): Promise<string[]>;
  deleteDataset(session: string, key: string): Promise<void>;
  upload(session: string, dataset_name: string, files: File[]): Promise<Report>;
  createScenario(session: string, scenario: NewScenario): Promise<FullScenario>;
  listScenarios(session: string): Promise<FullScenario[]>;
  listSummaries(session: string): Promise<Scenario[]>;
  getScenario(session: string, id: string): Promise<FullScenario>;
  getStatus(session: string, id: string): Promise<{ status: Scenario["status"]; progress: number }>;
  getProcessing(session: string): Promise<FullScenario | null>;
  run(session: string, id: string): Promise<FullScenario>;
  cancel(session: string, id: string): Promise<FullScenario>;
  reset(session: string, id: string): Promise<FullScenario>;
  deleteScenario(session: string, id: string): Promise<void>;
}

/** What the server refused, and why, in whichever way the client tells it. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

/** A session of its own for one check, made without the client. */
interface Place {
  /** The session's id. */
  session: string;
  /** The session's name: one that a path cannot hold as it is. */
  name: string;
  /** The key of a dataset in it: the same. */
  key: string;
  files: File[];
  /** A request past the client. */
  ask(method: string, path: string, body?: unknown): Promise<Response>;
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

function same(found: unknown, wanted: unknown): void {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  expect(is === should, `${is} where ${should} was expected`);
}

async function refusal(asked: Promise<unknown>): Promise<{ status: unknown; message: string }> {
  try {
    await asked;
  } catch (error) {
    if (error instanceof Error && "status" in error) return { status: error.status, message: error.message };
    throw error;
  }
  throw new Error("the refusal was taken for success");
}

async function made(place: Place, duration = 1): Promise<string> {
  const scenario = { tag: "a run", dataset_key: place.key, algo_name: "Slow", algo_params: { duration } };
  const reply = await place.ask("POST", "/scenarios", scenario);
  const { id }: { id: string } = await reply.json();
  return id;
}

/** One line of a form; the compiler sees when a type is left out, or has not the member. */
function line(parameter: Descriptor): string {
  switch (parameter.type) {
    case "integer":
    case "float":
      return `${parameter.name}: ${parameter.min} to ${parameter.max}, ${parameter.value}`;
    case "enum":
      return `${parameter.name}: one of ${parameter.choices.join(", ")}, ${parameter.value}`;
    case "multi_enum":
      return `${parameter.name}: some of ${parameter.choices.join(", ")}, ${parameter.value?.join(", ")}`;
    case "boolean":
      return `${parameter.name}: ${parameter.value ? "on" : "off"}`;
    case "string":
    case "time":
      return `${parameter.name}: ${parameter.value}`;
    case "interval":
      return `${parameter.name}: ${parameter.value?.join(" to ")}`;
    default:
      return parameter satisfies never;
  }
}

const FORM = [
  "note: first try",
  "pickers: 1 to 20, 4",
  "walking_speed: 0.5 to 2.5, 1.4",
  "night_shift: off",
  "strategy: one of nearest, farthest, balanced, nearest",
  "zones: some of Zone A, Zone B, Zone C, Zone D, Zone E, Zone A",
  "start: 2024-03-04T07:00:00",
  "period: 2024-03-04T00:00:00 to 2024-03-29T00:00:00",
];

type Check = (client: Backend, place: Place) => Promise<void>;

/** The checks by what they show. */
export const CHECKS: Record<string, Check> = {
  "the server is well": async (client) => {
    same(await client.health(), "ok");
    same(Object.values(await client.runs()).length, 4);
  },
  "a session is made": async (client, { name }) => {
    const { sessions } = await client.createSession(`${name}, new`);
    expect(sessions.some((one) => one.display_name === `${name}, new`), "it is not in the list");
  },
  "the default session is listed": async (client) => {
    const listed = await client.listSessions();
    expect(listed.sessions.some(({ id }) => id === listed.default), "it is not in the list");
  },
  "a session is found by its name": async (client, { name, session }) => same((await client.getSession(name)).id, session),
  "a session is renamed": async (client, { name }) =>
    same((await client.renameSession(name, `${name}, renamed`)).display_name, `${name}, renamed`),
  "a session is copied": async (client, { name }) => {
    const { sessions } = await client.copySession(name, `${name}, copy`);
    expect(sessions.some((one) => one.display_name === `${name}, copy`), "it is not in the list");
  },
  "a session is deleted": async (client, { name, session }) => {
    const { sessions } = await client.deleteSession(name);
    expect(!sessions.some(({ id }) => id === session), "it is still listed");
  },
  "a refusal has its status and message": async (client, { name }) => {
    const { status, message } = await refusal(client.createSession(name));
    same(status, 409);
    expect(message.includes(name), `the message is ${message}`);
  },
  "what is not there is 404": async (client, { session }) =>
    same((await refusal(client.getScenario(session, "nowhere"))).status, 404),
  "algorithms and KPIs are listed": async (client, { name }) => {
    expect((await client.listAlgorithms(name)).includes("Slow"), "an algorithm is missing");
    expect((await client.listKpis(name)).includes("Travel distance"), "a KPI is missing");
  },
  "parameters are told apart by type": async (client, { name, key }) => {
    same((await client.parameters(name, "Parameter showcase")).map(line), FORM);
    same(await client.dataParameters(name, key), 0);
  },
  "files are uploaded": async (client, { name, files }) => {
    const { success, keys } = await client.upload(name, "März #1 & 50%", files);
    same([success, keys.length], [true, 2]);
  },
  "an upload that does not fit is reported": async (client, { name, files }) => {
    const [, ...others] = files;
    const wrong = new File(["item_id;description\nI1;Bolt\n"], "items.csv");
    const report = await client.upload(name, "wrong", [wrong, ...others]);
    same([report.success, report.messages?.some(({ table }) => table === "items")], [false, true]);
  },
  "a dataset is read by its key": async (client, { session, key }) => {
    const { metadata, tables } = await client.getDataset(session, key);
    same([metadata.name, Object.keys(tables).length], [key, 4]);
  },
  "a dataset is sent back as another": async (client, { session, key }) =>
    same(await client.sendBack(session, key, `${key}, sent`), [key, `${key}, sent`]),
  "a dataset is derived": async (client, { session, key }) =>
    same(await client.deriveDataset(session, key, `${key}, derived`), [key, `${key}, derived`]),
  "a dataset is deleted": async (client, { session, key }) => {
    await client.deleteDataset(session, key);
    same(await client.listDatasets(session), []);
  },
  "a scenario is created": async (client, { name, key }) => {
    const scenario = { tag: "first", dataset_key: key, algo_name: "Slow", algo_params: { duration: 1 } };
    const { status, progress, result } = await client.createScenario(name, scenario);
    same([status, progress, result], ["created", 0, null]);
    same((await refusal(client.createScenario(name, { ...scenario, tag: " " }))).status, 422);
  },
  "a scenario runs to its end": async (client, place) => {
    const id = await made(place);
    same(await client.getProcessing(place.session), null);
    await client.run(place.session, id);
    while (!["complete", "failed"].includes((await client.getStatus(place.session, id)).status)) await pause(50);
    const { kpis, result, progress } = await client.getScenario(place.session, id);
    same(progress, 100);
    expect(result !== null && Object.values(kpis).every(({ value }) => typeof value === "number"), "a value is missing");
  },
  "a run is cancelled and reset": async (client, place) => {
    const id = await made(place, 60);
    await place.ask("POST", `/scenarios/${id}/run`);
    while ((await client.getProcessing(place.session))?.id !== id) await pause(20);
    await client.cancel(place.session, id);
    while ((await client.getStatus(place.session, id)).status !== "failed") await pause(20);
    same((await client.reset(place.session, id)).status, "created");
  },
  "scenarios are listed, in full and in short": async (client, place) => {
    await made(place);
    const [full] = await client.listScenarios(place.name);
    const [short] = await client.listSummaries(place.name);
    expect(full !== undefined && short !== undefined, "the list is empty");
    same([full.result, Object.keys(short).includes("result")], [null, false]);
  },
  "a scenario is deleted": async (client, place) => {
    const id = await made(place);
    await client.deleteScenario(place.session, id);
    same((await refusal(client.deleteScenario(place.session, id))).status, 404);
  },
};

/**
 * Take a client through the flow.
 *
 * @returns for each check that failed, what went wrong
 */
export async function flow(client: Backend, baseUrl: string, title: string, files: File[]): Promise<Record<string, string>> {
  const failed: Record<string, string> = {};
  let number = 0;
  for (const [what, check] of Object.entries(CHECKS)) {
    number += 1;
    const name = `${title}: 50 % / #${number}?`;
    const ask = (method: string, path: string, body?: unknown): Promise<Response> =>
      fetch(`${baseUrl}/api/v1/sessions${path}`, {
        method,
        headers: { "Content-Type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
      });
    const key = "A&B #1 50%?";
    await ask("POST", "/main/copy", { new_display_name: name });
    const { id: session }: Session = await (await ask("GET", `/${encodeURIComponent(name)}`)).json();
    const inSession: Place["ask"] = (method, path, body) => ask(method, `/${session}${path}`, body);
    await inSession("POST", "/data/Master%20data/derive", { new_key: key });
    await inSession("DELETE", "/data/Master%20data");
    try {
      await check(client, { session, name, key, files, ask: inSession });
    } catch (error) {
      failed[what] = error instanceof Error ? error.message : String(error);
    }
    await ask("DELETE", `/${session}`);
  }
  return failed;
}
