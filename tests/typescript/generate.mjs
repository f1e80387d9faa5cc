/** Generates the TypeScript of each tool into generated/. */

import { mkdir, rm, writeFile } from "node:fs/promises";

import { createClient } from "@hey-api/openapi-ts";
import { build } from "@kubb/core";
import { pluginClient } from "@kubb/plugin-client";
import { pluginOas } from "@kubb/plugin-oas";
import { pluginTs } from "@kubb/plugin-ts";
import { pluginZod } from "@kubb/plugin-zod";
import { generateSource } from "oazapfts";
import openapiTS, { astToString } from "openapi-typescript";
import { generate as orval } from "orval";

/**
 * @param {URL} document the OpenAPI document
 * @param {URL} folder where the generated files go; it is emptied first
 */
export async function generate(document, folder) {
  const to = (name) => new URL(name, folder).pathname;
  const input = document.pathname;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });

  await createClient({
    input,
    logs: { file: false, level: "silent" },
    output: { path: to("hey-api"), module: { extension: ".js" } },
    plugins: ["@hey-api/client-fetch", "@hey-api/typescript", "@hey-api/sdk", "zod"],
  });
  await writeFile(to("openapi-typescript.ts"), astToString(await openapiTS(document, { silent: true })));
  await writeFile(to("oazapfts.ts"), await generateSource(input, {}));

  const write = process.stdout.write;
  process.stdout.write = () => true; // orval has no quiet mode.
  try {
    for (const [name, client] of [["client", "fetch"], ["zod", "zod"]]) {
      await orval({ input: { target: input }, output: { target: to(`orval/${name}.ts`), client, mode: "single" } }, to("."));
    }
  } finally {
    process.stdout.write = write;
  }

  const { error } = await build({
    config: {
      root: to("."),
      input: { path: input },
      output: { path: to("kubb"), extension: { ".ts": ".js" } },
      plugins: [
        pluginOas({ generators: [], validate: false }),
        pluginTs({ output: { path: "types" } }),
        pluginClient({ client: "fetch", bundle: true, output: { path: "clients" } }),
        pluginZod({ version: "4", output: { path: "zod" } }),
      ],
    },
  });
  if (error) throw error;
}
