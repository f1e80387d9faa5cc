/** The polling loop of the seed, written against what openapi-typescript generates from the document. */

import createClient from "openapi-fetch";

import type { components, paths } from "./generated/openapi-typescript.js";
import { type Order, type Outcome, pause, UnexpectedReply } from "./poll.js";

type Descriptor = components["schemas"]["ParameterList"]["parameters"][number];

/** One line of a form; every kind of descriptor has its own members, and the compiler sees when one is left out. */
function describe(parameter: Descriptor): string {
  switch (parameter.type) {
    case "integer":
    case "float":
      return `${parameter.name}: ${parameter.min ?? "-∞"} to ${parameter.max ?? "∞"}, ${parameter.value ?? "unset"}`;
    case "enum":
      return `${parameter.name}: one of ${parameter.choices.join(", ")}, ${parameter.value ?? "unset"}`;
    case "multi_enum":
      return `${parameter.name}: some of ${parameter.choices.join(", ")}, ${parameter.value?.join(", ") ?? "unset"}`;
    case "boolean":
      return `${parameter.name}: ${parameter.value === true ? "on" : "off"}`;
    case "string":
    case "time":
      return `${parameter.name}: ${parameter.value?.trim() ?? parameter.default?.trim() ?? "unset"}`;
    case "interval":
      return `${parameter.name}: ${parameter.value?.[0] ?? "unset"} to ${parameter.value?.[1] ?? "unset"}`;
    default:
      return parameter satisfies never;
  }
}

/** Create a scenario, run it, poll its status, and read it. */
export async function poll(order: Order): Promise<Outcome> {
  const client = createClient<paths>({ baseUrl: order.baseUrl });

  const listed = await client.GET("/api/v1/sessions");
  if (listed.data === undefined) throw new UnexpectedReply("sessions", listed.response.status, listed.error.detail);
  const session_id = listed.data.default;

  const described = await client.GET("/api/v1/sessions/{session_id}/algorithms/{algorithm_name}/parameters", {
    params: { path: { session_id, algorithm_name: order.formOf } },
  });
  if (described.data === undefined) {
    throw new UnexpectedReply("parameters", described.response.status, described.error.detail);
  }

  const body = {
    tag: order.tag,
    dataset_key: order.datasetKey,
    algo_name: order.algorithm,
    algo_params: { duration: order.duration },
  };
  const created = await client.POST("/api/v1/sessions/{session_id}/scenarios", { params: { path: { session_id } }, body });
  if (created.data === undefined) throw new UnexpectedReply("create", created.response.status, created.error.detail);
  const path = { session_id, scenario_id: created.data.id };

  const again = await client.POST("/api/v1/sessions/{session_id}/scenarios", { params: { path: { session_id } }, body });
  if (again.error === undefined) throw new UnexpectedReply("create again", again.response.status, again.data.tag);

  const started = await client.POST("/api/v1/sessions/{session_id}/scenarios/{scenario_id}/run", { params: { path } });
  if (started.data === undefined) throw new UnexpectedReply("run", started.response.status, started.error.detail);

  for (;;) {
    const looked = await client.GET("/api/v1/sessions/{session_id}/scenarios/{scenario_id}/status", { params: { path } });
    if (looked.data === undefined) throw new UnexpectedReply("status", looked.response.status, looked.error.detail);
    const { status, progress } = looked.data;
    if (status === "complete" || status === "failed") {
      const read = await client.GET("/api/v1/sessions/{session_id}/scenarios/{scenario_id}", { params: { path } });
      if (read.data === undefined) throw new UnexpectedReply("scenario", read.response.status, read.error.detail);
      return {
        id: read.data.id,
        status,
        progress,
        kpis: Object.fromEntries(Object.entries(read.data.kpis).map(([name, kpi]) => [name, kpi.value])),
        result: read.data.result ?? {},
        form: described.data.parameters.map(describe),
        refusal: again.error.detail,
      };
    }
    await pause(order.pauseMilliseconds);
  }
}
