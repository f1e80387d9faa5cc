import type { Client } from "../generated/kubb/.kubb/fetch.js";

/**
 * A client to give each call: `getHealth({ client })`. Kubb's own sends JSON
 * without saying so, and takes a refusal for success.
 */
export const clientOf =
  (baseUrl: string): Client =>
  async ({ url, method = "GET", params, data }) => {
    const query = new URLSearchParams(params as Record<string, string>);
    const isForm = data instanceof FormData;
    const response = await fetch(`${baseUrl}${url}?${query}`, {
      method,
      headers: isForm ? {} : { "Content-Type": "application/json" },
      body: isForm ? data : (JSON.stringify(data) ?? null),
    });
    const { status, statusText, headers } = response;
    const body = status === 204 ? undefined : await response.json();
    if (!response.ok) throw Object.assign(new Error(body.detail), { status });
    return { data: body, status, statusText, headers };
  };
