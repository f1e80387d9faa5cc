/** What orval generates for `fetch`, taken through the flow. */

import type { Backend } from "../flow.js";
import * as api from "../generated/orval/client.js";
import * as recipe from "../recipes/orval.js";
import { success } from "./by_status.js";

export function backend(_baseUrl: string, withRecipe: boolean): Backend {
  const encoded = withRecipe ? recipe.encoded : (text: string): string => text;

  return {
    health: async () => (await success(api.getHealth())).data.status,
    runs: async () => (await success(api.getRuns())).data,
    listSessions: async () => (await success(api.listSessions())).data,
    createSession: async (display_name) => (await success(api.createSession({ display_name }))).data,
    getSession: async (session) => (await success(api.getSession(encoded(session)))).data,
    copySession: async (session, new_display_name) => (await success(api.copySession(encoded(session), { new_display_name }))).data,
    renameSession: async (session, display_name) => (await success(api.renameSession(encoded(session), { display_name }))).data,
    deleteSession: async (session) => (await success(api.deleteSession(encoded(session)))).data,
    listAlgorithms: async (session) => (await success(api.listAlgorithms(encoded(session)))).data.algorithms,
    listKpis: async (session) => (await success(api.listKpis(encoded(session)))).data.kpis,
    parameters: async (session, name) => (await success(api.getAlgorithmParameters(encoded(session), encoded(name)))).data.parameters,
    listDatasets: async (session) => (await success(api.listDatasets(encoded(session)))).data.keys,
    getDataset: async (session, key) => (await success(api.getDataset(encoded(session), encoded(key)))).data,
    dataParameters: async (session, key) => (await success(api.getDataParameters(encoded(session), encoded(key)))).data.parameters.length,
    sendBack: async (session, key, name) => {
      const { metadata, tables } = (await success(api.getDataset(encoded(session), encoded(key)))).data;
      return (await success(api.addDatasetFromJson(encoded(session), { metadata: { ...metadata, name }, tables }))).data.keys;
    },
    deriveDataset: async (session, key, new_key) => (await success(api.deriveDataset(encoded(session), encoded(key), { new_key }))).data.keys,
    deleteDataset: async (session, key) => {
      await success(api.deleteDataset(encoded(session), encoded(key)));
    },
    upload: async (session, dataset_name, files) => (await success(api.runEtl(encoded(session), { dataset_name, files }))).data,
    createScenario: async (session, scenario) => (await success(api.createScenario(encoded(session), scenario))).data,
    listScenarios: async (session) => {
      const { data } = await success(api.listScenarios(encoded(session)));
      return data.flatMap((scenario) => ("result" in scenario ? [scenario] : []));
    },
    listSummaries: async (session) => (await success(api.listScenarios(encoded(session), { view: "summary" }))).data,
    getScenario: async (session, id) => (await success(api.getScenario(encoded(session), encoded(id)))).data,
    getStatus: async (session, id) => (await success(api.getScenarioStatus(encoded(session), encoded(id)))).data,
    getProcessing: async (session) => (await success(api.getProcessing(encoded(session)))).data,
    run: async (session, id) => (await success(api.runScenario(encoded(session), encoded(id)))).data,
    cancel: async (session, id) => (await success(api.cancelScenario(encoded(session), encoded(id)))).data,
    reset: async (session, id) => (await success(api.resetScenario(encoded(session), encoded(id)))).data,
    deleteScenario: async (session, id) => {
      await success(api.deleteScenario(encoded(session), encoded(id)));
    },
  };
}
