// Sessions: made, copied, renamed, deleted.

import {address} from "./address.js";
import {call, path} from "./api.js";
import {ask, attempt, h, notice, replace} from "./dom.js";

const NAME = {name: "name", label: "Name"};

export function sessionsView(main, {session, sessions, refreshSessions}) {
  const open = (id) => { location.hash = address({session: id, view: "scenarios"}); };

  async function change(method, where, json, said) {
    const listed = await attempt(() => call(method, where, {json}));
    if (!listed) return;
    notice(said);
    await refreshSessions(listed.sessions ? listed : undefined);
    const newest = (listed.sessions ?? []).find((each) => each.display_name === (json?.display_name ?? json?.new_display_name));
    if (newest) open(newest.id);
    else if (method === "DELETE") location.hash = address({session: listed.default, view: "sessions"});
    sessionsView(main, {session, refreshSessions, sessions: listed.sessions ? listed : await call("GET", "/sessions", {quiet: true})});
  }

  async function create() {
    const given = await ask("New session", {fields: [NAME], action: "Create"});
    if (given) await change("POST", "/sessions", {display_name: given.name}, `Session “${given.name}” is there.`);
  }

  async function copy(each) {
    const given = await ask(`Copy “${each.display_name}”`, {action: "Copy", fields: [{...NAME, value: `${each.display_name} (copy)`}],
      text: "Datasets, scenarios and results are copied; later changes to either do not show in the other."});
    if (given) await change("POST", path("sessions", each.id, "copy"), {new_display_name: given.name}, `“${given.name}” is a copy of “${each.display_name}”.`);
  }

  async function rename(each) {
    const given = await ask(`Rename “${each.display_name}”`, {fields: [{...NAME, value: each.display_name}], action: "Rename"});
    if (given) await change("PATCH", path("sessions", each.id), {display_name: given.name}, `“${each.display_name}” is now “${given.name}”.`);
  }

  async function remove(each) {
    const sure = await ask(`Delete “${each.display_name}”?`, {action: "Delete", danger: true,
      text: "Its datasets, scenarios and results are deleted with it. This cannot be undone."});
    if (sure) await change("DELETE", path("sessions", each.id), undefined, `Session “${each.display_name}” is deleted.`);
  }

  replace(main,
    h("div", {class: "row"}, h("h2", {}, "Sessions"), h("button", {class: "main", onclick: create}, "New session")),
    h("p", {class: "quiet"}, "A session is a workspace of its own: its datasets and scenarios are unknown in all others."),
    h("ul", {class: "cards"}, sessions.sessions.map((each) => h("li", {class: each.id === session ? "chosen" : ""},
      h("a", {href: address({session: each.id, view: "scenarios"})}, each.display_name),
      each.id === sessions.default && h("span", {class: "badge"}, "default"),
      h("code", {class: "quiet"}, each.id),
      h("div", {class: "row end"},
        h("button", {onclick: () => copy(each)}, "Copy"),
        h("button", {onclick: () => rename(each)}, "Rename"),
        h("button", {class: "danger", onclick: () => remove(each)}, "Delete"))))));
  return {};
}
