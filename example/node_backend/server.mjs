/**
 * An Algomancy backend in Node, without dependencies, all in memory: `node server.mjs [PORT [DOCUMENT]]`.
 *
 * This file is the HTTP side, and the published OpenAPI document its table: an operation's id names the function in
 * operations.mjs that answers it; its success status, the methods of a 405 and the structure of its body come from there too.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { operations, Refusal } from "./operations.mjs";

const inThisProject = new URL("../../conformance/algomancy_conformance/openapi.json", import.meta.url);
const [port = "8051", published = inThisProject] = process.argv.slice(2);
const LARGEST_BODY = 64 * 1024 ** 2;
const SWAGGER = "https://cdn.jsdelivr.net/npm/swagger-ui-dist@5/swagger-ui";

// The routes: what is published and answered here.
const document = JSON.parse(readFileSync(published, "utf8"));
const docs = `<!doctype html><title>Swagger UI</title><link rel="stylesheet" href="${SWAGGER}.css"><main id="swagger-ui"></main>
  <script src="${SWAGGER}-bundle.js"></script><script>SwaggerUIBundle({ url: "/openapi.json", dom_id: "#swagger-ui" })</script>`;
const page = (type, answer) => ({ GET: { status: 200, type, answer } });
const routes = { "/openapi.json": page("application/json", () => document), "/docs": page("text/html", () => docs) };
for (const [path, item] of Object.entries(document.paths)) {
  const answered = Object.entries(item).filter(([, { operationId }]) => Object.hasOwn(operations, operationId));
  routes[path] = Object.fromEntries(answered.map(([method, operation]) => [method.toUpperCase(), routeOf(operation)]));
  document.paths[path] = Object.fromEntries(answered);
  if (answered.length === 0) delete routes[path], delete document.paths[path];
}
const ordered = Object.entries(routes).sort(([a], [b]) => a.split("{").length - b.split("{").length); // Literal paths first.
const prefix = Object.keys(routes).find((path) => path.endsWith("/sessions")).slice(0, -"/sessions".length);

function routeOf(operation) {
  const status = Number(Object.keys(operation.responses).find((code) => code.startsWith("2")));
  const schema = operation.requestBody?.content["application/json"]?.schema;
  operation.parameters &&= operation.parameters.filter((one) => one.in === "path"); // No query is answered here.
  return { status, schema, invalid: operation.responses[422] ? 422 : 400, answer: operations[operation.operationId] };
}

/** Return the methods of a path, and the values of its parameters by name. */
function find(path) {
  const asked = (path === `${prefix}/health` ? "/health" : path).split("/");
  for (const [template, methods] of ordered) {
    const names = template.split("/");
    const fits = (name, i) => (name.startsWith("{") ? asked[i] !== "" : asked[i] === name);
    if (names.length !== asked.length || !names.every(fits)) continue;
    try {
      return [methods, Object.fromEntries(names.map((name, i) => [name.slice(1, -1), decodeURIComponent(asked[i])]))];
    } catch {
      break; // It is not percent-encoded UTF-8.
    }
  }
  throw new Refusal(404, "There is nothing at this path.");
}

async function readBody(request) {
  const tooLarge = new Refusal(413, `The body is larger than ${LARGEST_BODY} bytes.`, { Connection: "close" });
  if (Number(request.headers["content-length"]) > LARGEST_BODY) throw tooLarge;
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    if ((size += chunk.length) > LARGEST_BODY) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parseJson(bytes, schema, status) {
  let value, wrong;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    wrong = fault(schema, value);
  } catch (error) {
    wrong = `The body is not JSON in UTF-8: ${error.message}.`;
  }
  if (wrong) throw new Refusal(status, wrong);
  return value;
}

/** Say what is wrong with the structure of a value; nothing if it is as its schema says, and can be written again. */
function fault(schema, value, at = "body", depth = 100) {
  if (schema.$ref) return fault(document.components.schemas[schema.$ref.split("/").at(-1)], value, at, depth);
  const faults = (schema.anyOf ?? []).map((one) => fault(one, value, at, depth));
  if (schema.anyOf) return faults.includes(undefined) ? undefined : faults[0];
  const type = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  if (depth < 0) return `${at} is nested too deeply.`;
  if (type !== (schema.type ?? type)) return `${at} must be a JSON ${schema.type}.`;
  if (schema.minLength && value === "") return `${at} must not be empty.`;
  if (schema.enum && !schema.enum.includes(value)) return `${at} must be one of ${schema.enum.join(", ")}.`;
  if (type === "string" && !value.isWellFormed()) return `${at} holds a lone surrogate.`;
  const missing = schema.required?.find((name) => !Object.hasOwn(value, name));
  if (missing) return `${missing} is missing.`;
  if (type !== "object" && type !== "array") return undefined;
  const inner = (name) => schema.properties?.[name] ?? schema.items ?? schema.additionalProperties;
  for (const [name, part] of Object.entries(value)) {
    const wrong = fault({}, name, "a name", depth) ?? fault(Object(inner(name)), part, name, depth - 1);
    if (wrong) return wrong;
  }
}

async function answer(request, response) {
  const [methods, parameters] = find(request.url.split("?", 1)[0]);
  const operation = methods[request.method === "HEAD" ? "GET" : request.method];
  const allowed = Object.keys(methods).join(", ");
  if (!operation) throw new Refusal(405, `${request.method} is not allowed here, but ${allowed}.`, { Allow: allowed });
  const bytes = await readBody(request);
  const body = operation.schema ? parseJson(bytes, operation.schema, operation.invalid) : bytes;
  const headers = { "Content-Type": operation.type ?? "application/json" };
  /** Say where what was made can be read: the parts of a path. */
  const made = (...parts) => (headers.Location = `${prefix}/${parts.map(encodeURIComponent).join("/")}`);
  const value = await operation.answer(parameters, body, made, request.headers["content-type"]);
  if (operation.status === 204) return response.writeHead(204).end();
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (operation === methods.GET) headers.ETag = `"${createHash("sha1").update(text).digest("base64")}"`;
  if (request.headers["if-none-match"] === (headers.ETag ?? null)) response.writeHead(304, headers).end();
  else send(response, operation.status, text, headers);
}

function send(response, status, body, headers) {
  response.writeHead(status, { ...headers, "Content-Length": Buffer.byteLength(body) }).end(body);
}

function refuse(error, response) {
  if (error.code === "ECONNRESET") return; // Nobody is there to be answered.
  if (!(error instanceof Refusal)) console.error(error);
  const { status, message, headers } = error instanceof Refusal ? error : new Refusal(500, "Internal server error");
  send(response, status, JSON.stringify({ detail: message.toWellFormed() }), { "Content-Type": "application/json", ...headers });
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => refuse(error, response));
});
server.keepAliveTimeout = 60_000;
server.on("clientError", ({ code }, socket) => {
  const line = code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request";
  const body = JSON.stringify({ detail: `The request is not HTTP as this server reads it: ${line}.` });
  const headers = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`;
  if (socket.writable) socket.end(`HTTP/1.1 ${line}\r\n${headers}\r\n\r\n${body}`);
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
