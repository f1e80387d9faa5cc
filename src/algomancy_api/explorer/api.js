// The public API and nothing else: every request of this page goes through here, and is kept to be shown as a curl line.

const given = new URLSearchParams(location.search).get("api");
const own = document.querySelector('meta[name="algomancy-api"]').content;
/** Where the API is: that of the page's own server, or another one named by `?api=`. */
export const base = (given ?? new URL(own, location.href).href).replace(/\/$/, "");

const TOKEN = `algomancy-token ${base}`;
export const token = {
  get: () => sessionStorage.getItem(TOKEN),
  set: (value) => sessionStorage.setItem(TOKEN, value),
};

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The requests sent so far, the latest first; `requests.changed` is called when there is one more. */
export const requests = {all: [], changed: () => {}};

function note(request) {
  requests.all.unshift(request);
  requests.all.length = Math.min(requests.all.length, 50);
  requests.changed();
  return request;
}

const quoted = (text) => `'${String(text).replaceAll("'", "'\\''")}'`;

/** The command line that sends the same request. */
export function curl({method, url, body, files}) {
  const parts = ["curl", method === "GET" ? "" : `-X ${method}`, quoted(url)];
  if (token.get()) parts.push('-H "Authorization: Bearer $ALGOMANCY_TOKEN"');
  if (body !== undefined) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(body)}`);
  for (const [name, value] of files ?? []) parts.push(`-F ${quoted(`${name}=${value}`)}`);
  return parts.filter(Boolean).join(" ");
}

/** Joins path segments; each may hold anything. */
export const path = (...segments) => segments.map((segment) => `/${encodeURIComponent(segment)}`).join("");

export const authorization = () => (token.get() ? {Authorization: `Bearer ${token.get()}`} : {});

function sentence(status, text) {
  try {
    return JSON.parse(text).detail;
  } catch {
    return `The server answered ${status}.`;
  }
}

async function send(method, where, {json, headers, signal, quiet} = {}) {
  const body = json === undefined ? undefined : JSON.stringify(json);
  const request = {method, url: base + where, body, at: new Date()};
  if (!quiet) note(request);
  let response;
  try {
    response = await fetch(request.url, {method, body, signal, headers: {
      ...authorization(), ...(body === undefined ? {} : {"Content-Type": "application/json"}), ...headers}});
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, `The server at ${base} cannot be reached.`);
  }
  request.status = response.status;
  requests.changed();
  if (!response.ok) throw new ApiError(response.status, sentence(response.status, await response.text()));
  return response;
}

/** Notes a request that something else sends, and returns its address. */
export const announce = (method, where) => note({method, url: base + where, at: new Date()}).url;

/** Sends a request and returns the decoded reply. */
export async function call(method, where, options) {
  const response = await send(method, where, options);
  return response.status === 204 ? null : response.json();
}

/** Uploads files, telling from 0 to 1 how much has been sent. */
export function upload(where, form, onProgress) {
  return new Promise((resolve, reject) => {
    const files = [...form].map(([name, value]) => [name, value instanceof File ? `@${value.name}` : value]);
    const request = note({method: "POST", url: base + where, files, at: new Date()});
    const sending = new XMLHttpRequest();
    sending.open("POST", request.url);
    for (const [name, value] of Object.entries(authorization())) sending.setRequestHeader(name, value);
    sending.upload.onprogress = (event) => onProgress(event.total ? event.loaded / event.total : 0);
    sending.onerror = () => reject(new ApiError(0, "The upload broke off: the server closed the connection."));
    sending.onload = () => {
      request.status = sending.status;
      requests.changed();
      if (sending.status === 200) resolve(JSON.parse(sending.responseText));
      else reject(new ApiError(sending.status, sentence(sending.status, sending.responseText)));
    };
    sending.send(form);
  });
}

/** Yields `{kind, data}` for every event of a session until it ends; `fetch` can carry a token, `EventSource` cannot. */
async function* stream(session, lastId, signal) {
  const headers = {Accept: "text/event-stream", ...(lastId.value ? {"Last-Event-ID": lastId.value} : {})};
  const response = await send("GET", path("sessions", session, "events"), {headers, signal});
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    let from = Math.max(0, text.length - 1);  // What came before has no end in it.
    text += value;
    let end;
    while ((end = text.indexOf("\n\n", from)) >= 0) {
      from = 0;
      const fields = Object.fromEntries(text.slice(0, end).split("\n").map((line) => [
        line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trimStart()]));
      text = text.slice(end + 2);
      if (fields.id) lastId.value = fields.id;
      // A snapshot is long, and what it tells is about to be read with all the rest.
      if (fields.data) yield {kind: fields.event, data: fields.event === "snapshot" ? null : JSON.parse(fields.data)};
    }
  }
}

const pause = (milliseconds, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, {once: true});
});

/** Follows a session: by its events where the server has them, by asking every second where not. */
export async function follow(session, signal, {onEvent, onPoll, onConnection}) {
  const lastId = {value: null};
  for (let offered = true; !signal.aborted;) {
    try {
      if (offered) {
        for await (const event of stream(session, lastId, signal)) {
          onConnection(true);
          onEvent(event);
          if (event.kind === "session" && event.data.deleted) return;
        }
      } else {
        await onPoll();
        onConnection(true);
      }
    } catch (error) {
      if (error.name === "AbortError") return;
      if (offered && [404, 405].includes(error.status)) offered = false;
      else onConnection(false);
    }
    await pause(1000, signal);
  }
}
