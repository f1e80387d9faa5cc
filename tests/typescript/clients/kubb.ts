/** What Kubb generates for `fetch`, taken through the flow. */

import type { Backend } from "../flow.js";
import * as api from "../generated/kubb/index.js";
import { setConfig } from "../generated/kubb/.kubb/fetch.js";
import { clientOf } from "../recipes/kubb.js";
import * as recipe from "../recipes/orval.js";

export function backend(baseUrl: string, withRecipe: boolean): Backend {
  const encoded = withRecipe ? recipe.encoded : (text: string): string => text;

  setConfig({ baseURL: baseUrl });
  const config = withRecipe ? { client: clientOf(baseUrl) } : {};

  return {
    health: async () => (await api.getHealth(config)).status,
    runs: () => api.getRuns(config),
    listSessions: () => api.listSessions(config),
    createSession: (display_name) => api.createSession({ display_name }, config),
    getSession: (session) => api.getSession(encoded(session), config),
    copySession: (session, new_display_name) => api.copySession(encoded(session), { new_display_name }, config),
    renameSession: (session, display_name) => api.renameSession(encoded(session), { display_name }, config),
    deleteSession: (session) => api.deleteSession(encoded(session), config),
    listAlgorithms: async (session) => (await api.listAlgorithms(encoded(session), config)).algorithms,
    listKpis: async (session) => (await api.listKpis(encoded(session), config)).kpis,
    parameters: async (session, name) => (await api.getAlgorithmParameters(encoded(session), encoded(name), config)).parameters,
    listDatasets: async (session) => (await api.listDatasets(encoded(session), config)).keys,
    getDataset: (session, key) => api.getDataset(encoded(session), encoded(key), config),
    dataParameters: async (session, key) => (await api.getDataParameters(encoded(session), encoded(key), config)).parameters.length,
    sendBack: async (session, key, name) => {
      const { metadata, tables } = await api.getDataset(encoded(session), encoded(key), config);
      return (await api.addDatasetFromJson(encoded(session), { metadata: { ...metadata, name }, tables }, config)).keys;
    },
    deriveDataset: async (session, key, new_key) => (await api.deriveDataset(encoded(session), encoded(key), { new_key }, config)).keys,
    deleteDataset: async (session, key) => {
      await api.deleteDataset(encoded(session), encoded(key), config);
    },
    upload: (session, dataset_name, files) => api.runEtl(encoded(session), { dataset_name, files }, config),
    createScenario: (session, scenario) => api.createScenario(encoded(session), scenario, config),
    listScenarios: async (session) => {
      const listed = await api.listScenarios(encoded(session), {}, config);
      return listed.flatMap((scenario) => ("result" in scenario ? [scenario] : []));
    },
    listSummaries: (session) => api.listScenarios(encoded(session), { view: "summary" }, config),
    getScenario: (session, id) => api.getScenario(encoded(session), encoded(id), {}, config),
    getStatus: (session, id) => api.getScenarioStatus(encoded(session), encoded(id), {}, config),
    getProcessing: (session) => api.getProcessing(encoded(session), config),
    run: (session, id) => api.runScenario(encoded(session), encoded(id), config),
    cancel: (session, id) => api.cancelScenario(encoded(session), encoded(id), config),
    reset: (session, id) => api.resetScenario(encoded(session), encoded(id), config),
    deleteScenario: async (session, id) => {
      await api.deleteScenario(encoded(session), encoded(id), config);
    },
  };
}
