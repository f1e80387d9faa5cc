/** The recipe for Kubb's `fetch` client: what its own leaves out. It stands in a file of its own because it needs a cast. */

import { Refused } from "../flow.js";
import type { Client } from "../generated/kubb/.kubb/fetch.js";

// recipe: Its client sends JSON without a Content-Type and takes a refusal for success. Give each call `{ client }`, this one.
export const clientOf = (baseUrl: string): Client => async (config) => {
  const isForm = config.data instanceof FormData;
  const query = new URLSearchParams({ ...(config.params as Record<string, string>) });
  const response = await fetch(`${baseUrl}${config.url}?${query}`, {
    method: config.method ?? "GET",
    headers: isForm ? {} : { "Content-Type": "application/json" },
    body: isForm ? (config.data as FormData) : (JSON.stringify(config.data) ?? null),
  });
  const data = response.status === 204 ? undefined : await response.json();
  if (!response.ok) throw new Refused(response.status, data.detail);
  return { data, status: response.status, statusText: response.statusText, headers: response.headers };
};
// end of the recipe
