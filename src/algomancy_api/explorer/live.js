// One session as it is now: scenarios and dataset keys, kept up to date by events.

import {call, follow, path} from "./api.js";

const PAGE = 500;
const RETRY = 1000;

export class Live {
  constructor() {
    this.session = null;
    this.scenarios = new Map();
    this.keys = [];
    this.ready = false;
    this.connected = true;
    this.listeners = new Set();
    this.reading = new Map();
    this.onSession = () => {};
    this.onConnection = () => {};
  }

  /** Calls back, at most once per frame, when something has changed; returns what ends that. */
  listen(callback) {
    this.listeners.add(callback);
    if (this.ready) callback();
    return () => this.listeners.delete(callback);
  }

  follow(session) {
    if (session === this.session) return;
    this.abort?.abort();
    this.abort = new AbortController();
    Object.assign(this, {session, scenarios: new Map(), keys: [], ready: false, meanwhile: null});
    follow(session, this.abort.signal, {
      onEvent: (event) => this.take(event),
      onPoll: () => this.load(),
      onConnection: (connected) => {
        if (connected === this.connected) return;
        this.connected = connected;
        this.onConnection();
      },
    });
  }

  /** Reads everything; what is told meanwhile counts afterwards. */
  async load() {
    const {session} = this;
    const meanwhile = [];
    this.meanwhile = meanwhile;
    const [scenarios, data] = await Promise.all([
      this.summaries(session), call("GET", path("sessions", session, "data"), {quiet: true})]);
    if (meanwhile !== this.meanwhile) return;  // It is read anew, or another session is.
    Object.assign(this, {scenarios, keys: data.keys, ready: true, meanwhile: null});
    for (const event of meanwhile) this.take(event);
    this.tell();
    if (meanwhile.some(({kind}) => kind === "scenario-deleted")) await this.load();  // Pages have shifted.
  }

  async loadUntilRead() {
    const {session} = this;
    try {
      await this.load();
    } catch {
      setTimeout(() => session === this.session && this.loadUntilRead(), RETRY);
    }
  }

  /** Reads the scenarios page by page: all at once, ten thousand would hold up the browser. */
  async summaries(session) {
    const found = new Map();
    while (session === this.session) {
      const query = `view=summary&limit=${PAGE}&offset=${found.size}`;
      const page = await call("GET", `${path("sessions", session, "scenarios")}?${query}`, {quiet: true});
      const before = found.size;
      for (const each of page) found.set(each.id, each);
      if (page.length !== PAGE || found.size === before) break;  // That was the last, or a server that has no pages.
    }
    return found;
  }

  take(event) {
    const {kind, data} = event;
    if (kind === "snapshot") this.loadUntilRead();
    else if (this.meanwhile && kind !== "session") this.meanwhile.push(event);
    else if (kind === "scenario") this.status(data);
    else if (kind === "scenario-deleted") this.scenarios.delete(data.id);
    else if (kind === "datasets") this.keys = data.keys;
    else if (kind === "session") this.onSession();
    this.tell();
  }

  status(status) {
    const known = this.scenarios.get(status.id);
    if (known) Object.assign(known, status);
    // New ones have parameters, ended ones KPIs: both are read in full, but for the result. So is what is being read:
    // the reply may be older than what was told.
    if (!known || this.reading.has(status.id) || ["complete", "failed", "created"].includes(status.status)) this.read(status.id);
  }

  async read(id) {
    const {session} = this;
    const asked = {};
    this.reading.set(id, asked);
    const isLatest = () => session === this.session && this.reading.get(id) === asked;
    try {
      const {result, ...summary} = await call("GET", path("sessions", session, "scenarios", id), {quiet: true});
      if (isLatest()) this.scenarios.set(id, summary);
    } catch (error) {
      if (isLatest() && error.status === 404) this.scenarios.delete(id);
    }
    if (isLatest()) this.reading.delete(id);
    this.tell();
  }

  tell() {
    if (this.telling || !this.ready) return;
    this.telling = requestAnimationFrame(() => {
      this.telling = null;
      for (const listener of this.listeners) listener();
    });
  }
}
