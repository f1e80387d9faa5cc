/** Mistakes the gate must see: each line marked `error` fails to compile, with that error, and no other line does. */

import {
  createScenario,
  getScenario,
  listSession, // error TS2724
  type ParameterList,
  type Scenario,
  type ScenarioStatus,
} from "./generated/hey-api/index.js";

type Descriptor = ParameterList["parameters"][number];

export function read(status: ScenarioStatus, scenario: Scenario, parameter: Descriptor): unknown[] {
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
  await listSession();
  await getScenario({
    path: { session_id: "main", id: "1" }, // error TS2353
  });
  await createScenario({
    path: { session_id: "main" },
    body: { tag: "a", dataset: "Master data", algo_name: "Slow" }, // error TS2353
  });
}
