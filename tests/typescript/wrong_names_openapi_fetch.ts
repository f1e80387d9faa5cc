/** Mistakes the gate must see: each line marked `error` fails to compile, with that error, and no other line does. */

import createClient from "openapi-fetch";

import type { components, paths } from "./generated/openapi-typescript.js";

type Schemas = components["schemas"];
type Descriptor = Schemas["ParameterList"]["parameters"][number];

const client = createClient<paths>({ baseUrl: "" });
const path = { session_id: "main", scenario_id: "1" };

export function read(status: Schemas["ScenarioStatus"], scenario: Schemas["Scenario"], parameter: Descriptor): unknown[] {
  return [
    status.state, // error TS2339
    scenario.kpi, // error TS2551
    scenario.status === "finished", // error TS2367
    scenario.result.total, // error TS18047
    parameter.choices, // error TS2339
    parameter.type === "interval" && parameter.min, // error TS2339
  ];
}

export async function send(): Promise<void> {
  await client.GET("/api/v1/session", {}); // error TS2345
  await client.PUT("/api/v1/sessions", {}); // error TS2345
  await client.GET("/api/v1/sessions/{session_id}/scenarios/{scenario_id}", {
    params: { path: { session_id: "main", id: "1" } }, // error TS2353
  });
  await client.POST("/api/v1/sessions/{session_id}/scenarios", {
    params: { path },
    body: { tag: "a", dataset: "Master data", algo_name: "Slow" }, // error TS2353
  });
}
