/**
 * The TypeScript gate: `node gate.mjs [--compile-only] DOCUMENT`.
 * Prints a line a step and below it what was wrong; exits 1 if anything was.
 */

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

import { compile, compileMistakes } from "./compile.mjs";
import { generate } from "./generate.mjs";

const folder = new URL("./", import.meta.url);
const compileOnly = process.argv[2] === "--compile-only";
const document = pathToFileURL(process.argv.at(-1));

let failed = false;

/** Print one line for a step, and below it what was wrong. */
function report(step, wrong, good) {
  console.log(`${wrong.length === 0 ? "ok  " : "FAIL"}  ${step.padEnd(22)} ${wrong.length === 0 ? good : ""}`.trimEnd());
  for (const line of wrong) console.log(`      ${line}`);
  failed ||= wrong.length > 0;
}

/** Run a command line tool from node_modules; its output counts as wrong when it fails. */
function lint(step, command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(fileURLToPath(new URL(`node_modules/.bin/${command}`, folder)), args, {
    cwd: fileURLToPath(folder),
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
  });
  const wrong = status === 0 ? [] : (stdout || stderr || error?.message || `exit status ${status}`).split("\n").filter((line) => line.trim());
  report(step, wrong, "0 errors, 0 warnings");
}

const { paths } = JSON.parse(readFileSync(document, "utf8"));
const methods = new Set(["get", "post", "patch", "put", "delete"]);
const operations = Object.values(paths).flatMap((item) => Object.keys(item).filter((key) => methods.has(key))).length;

if (!compileOnly) {
  lint("redocly", "redocly", "lint", "--config", ".redocly.yaml", fileURLToPath(document));
  lint("spectral", "spectral", "lint", "--quiet", "--fail-severity=hint", "--ruleset=.spectral.yaml", fileURLToPath(document));
}

await generate(document, new URL("generated/", folder));
report("generated", [], `${operations} operations, by openapi-typescript and @hey-api/openapi-ts`);

const programs = ["poll_openapi_fetch.ts", "poll_hey_api.ts"];
report("tsc --strict", compile(programs), `${programs.join(", ")}: no cast, no any`);

for (const sample of compileOnly ? [] : ["wrong_names_openapi_fetch.ts", "wrong_names_hey_api.ts"]) {
  const { wrong, found } = compileMistakes(sample);
  report("mistakes are seen", wrong, `${sample}: ${found} errors, each the one expected`);
}

process.exitCode = failed ? 1 : 0;
