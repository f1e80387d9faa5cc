// The page: what the address says is shown, and the session it names is followed.

import {VIEWS, address, route} from "./address.js";
import {ApiError, base, call, curl, requests, token} from "./api.js";
import {ask, attempt, h, notice, replace} from "./dom.js";
import {compareView} from "./compare.js";
import {dataView} from "./data.js";
import {Live} from "./live.js";
import {scenariosView} from "./scenarios.js";
import {sessionsView} from "./sessions.js";

const DRAW = {data: dataView, scenarios: scenariosView, compare: compareView, sessions: sessionsView};

const live = new Live();
let sessions = {sessions: [], default: null};
let title = "Algomancy";
let leave = null;
let shown = null;

async function refreshSessions(listed) {
  sessions = listed ?? await call("GET", "/sessions", {quiet: true});
  drawTop();
}

function drawTop() {
  const {session, view} = route();
  const options = sessions.sessions.map((each) =>
    h("option", {value: each.id, selected: each.id === session}, each.display_name));
  replace(document.getElementById("top"),
    h("h1", {}, title),
    h("label", {class: "inline"}, "Session",
      h("select", {onchange: (event) => { location.hash = address({session: event.target.value, view}); }}, options)),
    h("nav", {"aria-label": "Views"}, Object.entries(VIEWS).map(([name, label]) =>
      h("a", {href: address({session, view: name}), "aria-current": name === view ? "page" : null}, label))),
    h("span", {id: "connection", class: live.connected ? "quiet" : "broken"}, live.connected ? "live" : "no connection"));
}

function drawRequests() {
  const open = document.querySelector("#requests details")?.open ?? false;
  replace(document.getElementById("requests"), h("details", {open},
    h("summary", {}, "Show requests"),
    h("p", {class: "quiet"}, "What this page asked of the API, the latest first. Each line can be run in a terminal."),
    h("ol", {}, requests.all.map((request) => {
      const line = curl(request);
      return h("li", {},
        h("span", {class: "status"}, request.status ?? "…"), h("code", {}, line),
        h("button", {onclick: () => attempt(async () => {
          await navigator.clipboard.writeText(line);
          notice("Copied.");
        })}, "Copy"));
    }))));
}

async function draw() {
  const {session, view, query} = route();
  const known = sessions.sessions.find((each) => each.id === session || each.display_name === session);
  if (!known) {
    location.replace(address({session: sessions.default, view}));
    return;
  }
  live.follow(known.id);
  drawTop();
  const main = document.getElementById("main");
  const here = `${known.id}/${view}`;
  if (here === shown && leave?.update) {
    leave.update(query);
    return;
  }
  leave?.close?.();
  shown = here;
  document.title = `${VIEWS[view]} – ${known.display_name} – ${title}`;
  leave = DRAW[view](main, {session: known.id, sessions, query, live, refreshSessions});
}

async function start() {
  requests.changed = drawRequests;
  drawRequests();
  live.onSession = () => refreshSessions().then(draw);
  live.onConnection = drawTop;
  try {
    title = (await call("GET", "/health", {quiet: true})).title;
    await refreshSessions();
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) {
      const given = await ask("This server wants a token",
        {text: base, fields: [{name: "token", label: "Bearer token", type: "password"}], action: "Go on"});
      if (given) {
        token.set(given.token);
        return start();
      }
    }
    replace(document.getElementById("main"), h("div", {class: "empty"}, h("h2", {}, "No server"), h("p", {}, error.message),
      h("button", {class: "main", onclick: () => location.reload()}, "Try again")));
    return undefined;
  }
  window.addEventListener("hashchange", draw);
  return draw();
}

start();
