/** Generates the TypeScript of both generators into generated/. */

import { mkdir, rm, writeFile } from "node:fs/promises";

import { createClient } from "@hey-api/openapi-ts";
import openapiTS, { astToString } from "openapi-typescript";

/**
 * @param {URL} document the OpenAPI document
 * @param {URL} folder where the generated files go; it is emptied first
 */
export async function generate(document, folder) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(new URL("openapi-typescript.ts", folder), astToString(await openapiTS(document, { silent: true })));
  await createClient({
    input: document.pathname,
    logs: { file: false, level: "silent" },
    output: { path: new URL("hey-api", folder).pathname, module: { extension: ".js" } },
    plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk"],
  });
}
