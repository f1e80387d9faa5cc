/** What @hey-api/openapi-ts generates, taken through the flow. */

import { type Backend, Refused } from "../flow.js";
import { createClient } from "../generated/hey-api/client/index.js";
import * as api from "../generated/hey-api/index.js";

interface Answered<T> {
  data: T | undefined;
  error: { detail: string } | undefined;
  response?: Response;
}

async function body<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (error !== undefined) throw new Refused(response?.status ?? 0, error.detail);
  if (data === undefined) throw new Error("neither data nor an error");
  return data;
}

export function backend(baseUrl: string): Backend {
  const client = createClient({ baseUrl });
  const at = (session_id: string) => ({ client, path: { session_id } });
  const of = (session_id: string, scenario_id: string) => ({ client, path: { session_id, scenario_id } });
  const data = (session_id: string, data_key: string) => ({ client, path: { session_id, data_key } });

  return {
    health: async () => (await body(api.getHealth({ client }))).status,
    runs: () => body(api.getRuns({ client })),
    listSessions: () => body(api.listSessions({ client })),
    createSession: (display_name) => body(api.createSession({ client, body: { display_name } })),
    getSession: (session) => body(api.getSession(at(session))),
    copySession: (session, new_display_name) => body(api.copySession({ ...at(session), body: { new_display_name } })),
    renameSession: (session, display_name) => body(api.renameSession({ ...at(session), body: { display_name } })),
    deleteSession: (session) => body(api.deleteSession(at(session))),
    listAlgorithms: async (session) => (await body(api.listAlgorithms(at(session)))).algorithms,
    listKpis: async (session) => (await body(api.listKpis(at(session)))).kpis,
    parameters: async (session_id, algorithm_name) =>
      (await body(api.getAlgorithmParameters({ client, path: { session_id, algorithm_name } }))).parameters,
    listDatasets: async (session) => (await body(api.listDatasets(at(session)))).keys,
    getDataset: (session, key) => body(api.getDataset(data(session, key))),
    dataParameters: async (session, key) => (await body(api.getDataParameters(data(session, key)))).parameters.length,
    sendBack: async (session, key, name) => {
      const { metadata, tables } = await body(api.getDataset(data(session, key)));
      return (await body(api.addDatasetFromJson({ ...at(session), body: { metadata: { ...metadata, name }, tables } }))).keys;
    },
    deriveDataset: async (session, key, new_key) =>
      (await body(api.deriveDataset({ ...data(session, key), body: { new_key } }))).keys,
    deleteDataset: async (session, key) => {
      await body(api.deleteDataset(data(session, key)));
    },
    upload: (session, dataset_name, files) => body(api.runEtl({ ...at(session), body: { dataset_name, files } })),
    createScenario: (session, scenario) => body(api.createScenario({ ...at(session), body: scenario })),
    listScenarios: async (session) => {
      const listed = await body(api.listScenarios(at(session)));
      return listed.flatMap((scenario) => ("result" in scenario ? [scenario] : []));
    },
    listSummaries: (session) => body(api.listScenarios({ ...at(session), query: { view: "summary" } })),
    getScenario: (session, id) => body(api.getScenario(of(session, id))),
    getStatus: (session, id) => body(api.getScenarioStatus(of(session, id))),
    getProcessing: (session) => body(api.getProcessing(at(session))),
    run: (session, id) => body(api.runScenario(of(session, id))),
    cancel: (session, id) => body(api.cancelScenario(of(session, id))),
    reset: (session, id) => body(api.resetScenario(of(session, id))),
    deleteScenario: async (session, id) => {
      await body(api.deleteScenario(of(session, id)));
    },
  };
}
