/** openapi-fetch on what openapi-typescript generates, taken through the flow. */

import createClient from "openapi-fetch";

import { type Backend, Refused } from "../flow.js";
import type { paths } from "../generated/openapi-typescript.js";
import { asForm } from "../recipes/openapi_fetch.js";

interface Answered<T> {
  data?: T;
  error?: { detail: string };
  response: Response;
}

async function body<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (error !== undefined) throw new Refused(response.status, error.detail);
  if (data === undefined) throw new Error("neither data nor an error");
  return data;
}

async function nothing(asked: Promise<Answered<unknown>>): Promise<void> {
  const { error, response } = await asked;
  if (error !== undefined) throw new Refused(response.status, error.detail);
}

const SESSION = "/api/v1/sessions/{session_id}";

export function backend(baseUrl: string, withRecipe: boolean): Backend {
  const { GET, POST, PATCH, DELETE } = createClient<paths>({ baseUrl });
  const at = (session_id: string) => ({ params: { path: { session_id } } });
  const of = (session_id: string, scenario_id: string) => ({ params: { path: { session_id, scenario_id } } });
  const data = (session_id: string, data_key: string) => ({ params: { path: { session_id, data_key } } });

  return {
    health: async () => (await body(GET("/health"))).status,
    runs: () => body(GET("/api/v1/runs")),
    listSessions: () => body(GET("/api/v1/sessions")),
    createSession: (display_name) => body(POST("/api/v1/sessions", { body: { display_name } })),
    getSession: (session) => body(GET(SESSION, at(session))),
    copySession: (session, new_display_name) => body(POST(`${SESSION}/copy`, { ...at(session), body: { new_display_name } })),
    renameSession: (session, display_name) => body(PATCH(SESSION, { ...at(session), body: { display_name } })),
    deleteSession: (session) => body(DELETE(SESSION, at(session))),
    listAlgorithms: async (session) => (await body(GET(`${SESSION}/algorithms`, at(session)))).algorithms,
    listKpis: async (session) => (await body(GET(`${SESSION}/kpis`, at(session)))).kpis,
    parameters: async (session_id, algorithm_name) => {
      const path = { session_id, algorithm_name };
      return (await body(GET(`${SESSION}/algorithms/{algorithm_name}/parameters`, { params: { path } }))).parameters;
    },
    listDatasets: async (session) => (await body(GET(`${SESSION}/data`, at(session)))).keys,
    getDataset: (session, key) => body(GET(`${SESSION}/data/{data_key}`, data(session, key))),
    dataParameters: async (session, key) =>
      (await body(GET(`${SESSION}/data/{data_key}/parameters`, data(session, key)))).parameters.length,
    sendBack: async (session, key, name) => {
      const { metadata, tables } = await body(GET(`${SESSION}/data/{data_key}`, data(session, key)));
      const renamed = { metadata: { ...metadata, name }, tables };
      return (await body(POST(`${SESSION}/data/from-json`, { ...at(session), body: renamed }))).keys;
    },
    deriveDataset: async (session, key, new_key) =>
      (await body(POST(`${SESSION}/data/{data_key}/derive`, { ...data(session, key), body: { new_key } }))).keys,
    deleteDataset: (session, key) => nothing(DELETE(`${SESSION}/data/{data_key}`, data(session, key))),
    upload: (session, dataset_name, files) => {
      const asTyped = { body: { dataset_name, files: files.map(({ name }) => name) } };
      return body(POST(`${SESSION}/etl`, { ...at(session), ...(withRecipe ? asForm(dataset_name, files) : asTyped) }));
    },
    createScenario: (session, scenario) => body(POST(`${SESSION}/scenarios`, { ...at(session), body: scenario })),
    listScenarios: async (session) => {
      const listed = await body(GET(`${SESSION}/scenarios`, at(session)));
      return listed.flatMap((scenario) => ("result" in scenario ? [scenario] : []));
    },
    listSummaries: (session_id) =>
      body(GET(`${SESSION}/scenarios`, { params: { path: { session_id }, query: { view: "summary" } } })),
    getScenario: (session, id) => body(GET(`${SESSION}/scenarios/{scenario_id}`, of(session, id))),
    getStatus: (session, id) => body(GET(`${SESSION}/scenarios/{scenario_id}/status`, of(session, id))),
    getProcessing: (session) => body(GET(`${SESSION}/processing`, at(session))),
    run: (session, id) => body(POST(`${SESSION}/scenarios/{scenario_id}/run`, of(session, id))),
    cancel: (session, id) => body(POST(`${SESSION}/scenarios/{scenario_id}/cancel`, of(session, id))),
    reset: (session, id) => body(POST(`${SESSION}/scenarios/{scenario_id}/reset`, of(session, id))),
    deleteScenario: (session, id) => nothing(DELETE(`${SESSION}/scenarios/{scenario_id}`, of(session, id))),
  };
}
