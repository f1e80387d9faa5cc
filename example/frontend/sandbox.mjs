// Worlds of `algomancy-api sandbox`, for the tests of a frontend. Node 18 or later, nothing to install.
//
//   const world = await World.create({ fixture: "demo", seed: 1 });
//   await world.script("my-run", { duration: 30, outcome: "fail", error: "No truck is free." });
//   …open your frontend with `world.baseUrl`, press the button…
//   await world.advance(30);
//   await world.drop();

const SERVER = process.env.ALGOMANCY_SANDBOX ?? "http://127.0.0.1:8051";
const TOKEN = process.env.ALGOMANCY_TOKEN;

async function ask(method, url, body) {
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  if (!response.ok) throw Object.assign(new Error(answer.detail), { status: response.status });
  return answer;
}

const quoted = encodeURIComponent;

export class World {
  /** Makes a world: `name`, `fixture` (a name or an object), `seed`, `clock`, `start`, `idle_ttl`, all optional. */
  static async create(wanted = {}, server = SERVER) {
    return new World(await ask("POST", `${server}/sandbox/worlds`, wanted), server);
  }

  constructor(made, server = SERVER) {
    this.name = made.name;
    this.baseUrl = made.base_url;
    this.control = `${server}/sandbox/worlds/${quoted(made.name)}`;
  }

  /** Asks the API of this world, as a frontend would: `api("GET", "/sessions")`. */
  api = (method, path, body) => ask(method, this.baseUrl + path, body);
  /** Creates and runs a scenario of the session `main`; gives its path. */
  async run(tag, algorithm = "Greedy slotting", dataset = "Master data", parameters = {}) {
    const wanted = { tag, dataset_key: dataset, algo_name: algorithm, algo_params: parameters };
    const { id } = await this.api("POST", "/sessions/main/scenarios", wanted);
    await this.api("POST", `/sessions/main/scenarios/${id}/run`);
    return `/sessions/main/scenarios/${id}`;
  }

  /** Says how runs go: those of a scenario's id, of its tag, or of a pattern of tags. */
  script = (runs, script) => ask("PUT", `${this.control}/runs/${quoted(runs)}`, script);
  unscript = (runs) => ask("DELETE", `${this.control}/runs/${quoted(runs)}`);
  /** Lets time pass under a manual clock; done when everything that was due has happened. */
  advance = (seconds) => ask("POST", `${this.control}/clock/advance`, { seconds });
  /** "real", "manual", or "scaled" with a factor. */
  clock = (mode, factor) => ask("PUT", `${this.control}/clock`, { mode, ...(factor ? { factor } : {}) });

  /** Lets something go wrong: `fault({ operation: "list_scenarios", status: 503, times: 1 })`. */
  fault = (told) => ask("POST", `${this.control}/faults`, told);
  clearFaults = () => ask("DELETE", `${this.control}/faults`);
  /** What this world was sent and what it answered: `requests({ operation: "create_scenario" })`. */
  requests = async (query = {}) =>
    (await ask("GET", `${this.control}/requests?${new URLSearchParams(query)}`)).requests;

  reset = () => ask("POST", `${this.control}/reset`);
  snapshot = (name) => ask("POST", `${this.control}/snapshots`, { name });
  restore = (name) => ask("POST", `${this.control}/snapshots/${quoted(name)}/restore`);
  drop = () => ask("DELETE", this.control);
}
