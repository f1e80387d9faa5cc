/** Takes every compiled client through the flow against a live server, and gives its replies to the validators. */

import { spawn } from "node:child_process";
import { openAsBlob } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../../", import.meta.url);
const samples = new URL("src/algomancy_api/example/data/Master data/", root);

/** The clients, in the order of the table: the tool, its module, its packages, and whether it comes with a recipe. */
const CLIENTS = [
  ["hey-api", "hey_api", ["@hey-api/openapi-ts"], false],
  ["oazapfts", "oazapfts", ["oazapfts"], false],
  ["openapi-fetch", "openapi_fetch", ["openapi-fetch", "openapi-typescript"], true],
  ["orval", "orval", ["orval"], true],
  ["kubb", "kubb", ["@kubb/plugin-client"], true],
];

/** Start the bundled example on a free port, and do something with its address. */
async function withServer(use) {
  const script = fileURLToPath(new URL("example/serve.py", root));
  const server = spawn(fileURLToPath(new URL(".venv/bin/python", root)), [script, "--port", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  try {
    for (const stream of [server.stderr, server.stdout]) stream.setEncoding("utf8");
    const address = await new Promise((resolve, reject) => {
      let said = "";
      const look = (text) => {
        said += text;
        const found = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(said);
        if (found) resolve(found[0]);
      };
      server.stdout.on("data", look);
      server.stderr.on("data", look);
      server.on("error", reject);
      server.on("exit", () => reject(new Error(`the server did not start:\n${said}`)));
    });
    return await use(address);
  } finally {
    server.kill();
  }
}

/** Let a path without a host mean the server's, as in a page of its origin, and note every reply in JSON. */
function watchFetch(baseUrl, replies) {
  const { fetch } = globalThis;
  globalThis.fetch = async (asked, init) => {
    const request = asked instanceof Request ? asked : new Request(new URL(asked, baseUrl), init);
    const reply = await fetch(request);
    if (reply.headers.get("content-type")?.startsWith("application/json")) {
      const body = await reply.clone().json();
      replies.push({ method: request.method.toLowerCase(), path: new URL(request.url).pathname, status: reply.status, body });
    }
    return reply;
  };
}

/** The operation that a reply belongs to: the one whose template has the fewest parameters. */
function operationOf({ paths }, { method, path }) {
  const fits = (template) => new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(path);
  const templates = Object.keys(paths).filter((template) => fits(template) && paths[template][method]);
  const [template] = templates.sort((a, b) => a.split("{").length - b.split("{").length);
  return template && paths[template][method].operationId;
}

/**
 * @param {object} document the OpenAPI document, parsed
 * @returns {Promise<object>} the checks; for each tool those that failed, without and with its recipe; for each tool's validators
 *   the operations whose success they judged, and what they refused; the operations that answer in JSON of which no success was seen
 */
export async function live(document) {
  const { flow, CHECKS } = await import("./build/flow.js");
  const { judge } = await import("./build/validators.js");
  const names = ["items.csv", "locations.json", "planning.xlsx"];
  const files = await Promise.all(names.map(async (name) => new File([await openAsBlob(new URL(name, samples))], name)));
  const replies = [];

  const tools = await withServer(async (baseUrl) => {
    watchFetch(baseUrl, replies);
    const taken = CLIENTS.map(async ([tool, module, packages, hasRecipe]) => {
      const { backend } = await import(`./build/clients/${module}.js`);
      const plain = await flow(backend(baseUrl, false), baseUrl, tool, files);
      const recipe = hasRecipe ? await flow(backend(baseUrl, true), baseUrl, `${tool}, recipe`, files) : plain;
      return [tool, { packages, plain, recipe }];
    });
    return Object.fromEntries(await Promise.all(taken));
  });

  const seen = new Set();
  const validators = {};
  for (const reply of replies) {
    const operation = operationOf(document, reply);
    if (!operation) continue;
    if (reply.status < 300) seen.add(operation);
    for (const [tool, wrong] of judge(operation, reply.status, reply.body)) {
      const judged = (validators[tool] ??= { operations: new Set(), refused: [] });
      if (reply.status < 300) judged.operations.add(operation);
      if (wrong) judged.refused.push(`${operation} ${reply.status}: ${wrong}`);
    }
  }
  const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
  const inJson = ({ responses }) => Object.entries(responses).some(([status, { content }]) => status < 300 && content?.["application/json"]);
  const unseen = operations.filter(inJson).map(({ operationId }) => operationId).filter((name) => !seen.has(name));
  return { checks: Object.keys(CHECKS), tools, validators, unseen };
}
