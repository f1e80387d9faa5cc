// One session as it is now: scenarios and dataset keys, kept up to date by events.

import {call, follow, path} from "./api.js";

export class Live {
  constructor() {
    this.session = null;
    this.scenarios = new Map();
    this.keys = [];
    this.ready = false;
    this.connected = true;
    this.listeners = new Set();
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
    Object.assign(this, {session, scenarios: new Map(), keys: [], ready: false});
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

  /** Reads everything; what has changed since is in the events that follow. */
  async load() {
    const {session} = this;
    const [scenarios, data] = await Promise.all([
      call("GET", `${path("sessions", session, "scenarios")}?view=summary`, {quiet: true}),
      call("GET", path("sessions", session, "data"), {quiet: true})]);
    if (session !== this.session) return;
    this.scenarios = new Map(scenarios.map((each) => [each.id, each]));
    this.keys = data.keys;
    this.ready = true;
    this.tell();
  }

  take({kind, data}) {
    if (kind === "snapshot") this.load().catch(() => {});
    else if (kind === "scenario") this.status(data);
    else if (kind === "scenario-deleted") this.scenarios.delete(data.id);
    else if (kind === "datasets") this.keys = data.keys;
    else if (kind === "session") this.onSession();
    this.tell();
  }

  status(status) {
    const known = this.scenarios.get(status.id);
    if (known) Object.assign(known, status);
    // New ones have parameters, ended ones KPIs: both are read in full, but for the result.
    if (!known || ["complete", "failed", "created"].includes(status.status)) this.read(status.id);
  }

  async read(id) {
    const {session} = this;
    try {
      const {result, ...summary} = await call("GET", path("sessions", session, "scenarios", id), {quiet: true});
      if (session !== this.session) return;
      this.scenarios.set(id, summary);
    } catch (error) {
      if (error.status === 404) this.scenarios.delete(id);
    }
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
