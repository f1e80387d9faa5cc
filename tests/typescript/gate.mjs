/**
 * The TypeScript gate: `node gate.mjs [--write] DOCUMENT`.
 * Prints a line a step and below it what was wrong; exits 1 if anything was. `--write` brings the site's table up to date.
 */

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

import { compile, compileMistakes } from "./compile.mjs";
import { generate } from "./generate.mjs";
import { live } from "./live.mjs";

const folder = new URL("./", import.meta.url);
const table = new URL("../../docs/generated_clients.json", folder);
const write = process.argv.includes("--write");
const file = pathToFileURL(process.argv.at(-1));
const document = JSON.parse(readFileSync(file, "utf8"));

let failed = false;

/** Print one line for a step, and below it what was wrong. */
function report(step, wrong, good) {
  console.log(`${wrong.length === 0 ? "ok  " : "FAIL"}  ${step.padEnd(22)} ${wrong.length === 0 ? good : ""}`.trimEnd());
  for (const line of wrong) console.log(`      ${line}`);
  failed ||= wrong.length > 0;
}

/** Run a command line tool from node_modules; its output counts as wrong when it fails. */
function lint(command, ...args) {
  const env = { ...process.env, NO_COLOR: "1", REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" };
  return new Promise((resolve) => {
    let said = "";
    const tool = spawn(fileURLToPath(new URL(`node_modules/.bin/${command}`, folder)), args, { cwd: fileURLToPath(folder), env });
    for (const stream of [tool.stdout, tool.stderr]) stream.on("data", (text) => (said += text));
    tool.on("error", (error) => resolve([error.message]));
    tool.on("close", (status) => resolve(status === 0 ? [] : [...said.split("\n").filter((line) => line.trim()), `exit status ${status}`]));
  });
}

/** What the site shows of a tool. */
function rowOf([tool, { packages, plain, recipe }]) {
  const { devDependencies } = JSON.parse(readFileSync(new URL("package.json", folder), "utf8"));
  const versions = Object.fromEntries(packages.map((name) => [name, devDependencies[name]]));
  return { tool, packages: versions, missed: Object.keys(plain), missed_with_recipe: Object.keys(recipe) };
}

const linted = [
  lint("redocly", "lint", "--config", ".redocly.yaml", fileURLToPath(file)),
  lint("spectral", "lint", "--quiet", "--fail-severity=hint", "--ruleset=.spectral.yaml", fileURLToPath(file)),
];
await generate(file, new URL("generated/", folder));
report("redocly", await linted[0], "0 errors, 0 warnings");
report("spectral", await linted[1], "0 errors, 0 warnings");

const programs = ["hey_api", "oazapfts", "openapi_fetch", "orval", "kubb", "by_status"].map((name) => `clients/${name}.ts`);
report("tsc --strict", compile(programs), "five tools' clients and three tools' validators; no cast, no any");
for (const sample of ["wrong_names_openapi_fetch.ts", "wrong_names_hey_api.ts"]) {
  const { wrong, found } = compileMistakes(sample);
  report("mistakes are seen", wrong, `${sample}: ${found} errors, each the one expected`);
}

if (!failed) {
  const { checks, tools, validators, unseen } = await live(document);
  report("every operation", unseen.map((name) => `${name} was not called with success`), "called with success");
  for (const [tool, { plain, recipe }] of Object.entries(tools)) {
    const missed = Object.keys(plain).length;
    const wrong = Object.entries(recipe).map(([what, why]) => `${what}: ${why}`);
    report(tool, wrong, `${checks.length} of ${checks.length} checks${missed ? `, ${missed} of them with its recipe` : ""}`);
  }
  for (const [tool, { operations, refused }] of Object.entries(validators)) {
    report(`${tool}, validators`, [...new Set(refused)], `accept the replies of ${operations.size} operations`);
  }

  const result = `${JSON.stringify({ checks, tools: Object.entries(tools).map(rowOf) }, null, 1)}\n`;
  if (write) writeFileSync(table, result);
  const current = readFileSync(table, "utf8") === result;
  report("the site's table", current ? [] : ["docs/generated_clients.json differs: run `make typescript ARGS=--write`"], "is up to date");
}

process.exitCode = failed ? 1 : 0;
