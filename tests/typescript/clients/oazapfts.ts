/** What oazapfts generates, taken through the flow. */

import type { Backend } from "../flow.js";
import * as api from "../generated/oazapfts.js";
import { success } from "./by_status.js";

export function backend(baseUrl: string): Backend {
  api.defaults.baseUrl = baseUrl;

  return {
    health: async () => (await success(api.getHealth())).data.status,
    runs: async () => (await success(api.getRuns())).data,
    listSessions: async () => (await success(api.listSessions())).data,
    createSession: async (display_name) => (await success(api.createSession({ display_name }))).data,
    getSession: async (session) => (await success(api.getSession(session))).data,
    copySession: async (session, new_display_name) => (await success(api.copySession(session, { new_display_name }))).data,
    renameSession: async (session, display_name) => (await success(api.renameSession(session, { display_name }))).data,
    deleteSession: async (session) => (await success(api.deleteSession(session))).data,
    listAlgorithms: async (session) => (await success(api.listAlgorithms(session))).data.algorithms,
    listKpis: async (session) => (await success(api.listKpis(session))).data.kpis,
    parameters: async (session, name) => (await success(api.getAlgorithmParameters(session, name))).data.parameters,
    listDatasets: async (session) => (await success(api.listDatasets(session))).data.keys,
    getDataset: async (session, key) => (await success(api.getDataset(session, key))).data,
    dataParameters: async (session, key) => (await success(api.getDataParameters(session, key))).data.parameters.length,
    sendBack: async (session, key, name) => {
      const { metadata, tables } = (await success(api.getDataset(session, key))).data;
      return (await success(api.addDatasetFromJson(session, { metadata: { ...metadata, name }, tables }))).data.keys;
    },
    deriveDataset: async (session, key, new_key) => (await success(api.deriveDataset(session, key, { new_key }))).data.keys,
    deleteDataset: async (session, key) => {
      await success(api.deleteDataset(session, key));
    },
    upload: async (session, dataset_name, files) => (await success(api.runEtl(session, { dataset_name, files }))).data,
    createScenario: async (session, scenario) => (await success(api.createScenario(session, scenario))).data,
    listScenarios: async (session) => {
      const { data } = await success(api.listScenarios(session));
      return data.flatMap((scenario) => ("result" in scenario ? [scenario] : []));
    },
    listSummaries: async (session) => (await success(api.listScenarios(session, { view: "summary" }))).data,
    getScenario: async (session, id) => (await success(api.getScenario(session, id))).data,
    getStatus: async (session, id) => (await success(api.getScenarioStatus(session, id))).data,
    getProcessing: async (session) => (await success(api.getProcessing(session))).data,
    run: async (session, id) => (await success(api.runScenario(session, id))).data,
    cancel: async (session, id) => (await success(api.cancelScenario(session, id))).data,
    reset: async (session, id) => (await success(api.resetScenario(session, id))).data,
    deleteScenario: async (session, id) => {
      await success(api.deleteScenario(session, id));
    },
  };
}
