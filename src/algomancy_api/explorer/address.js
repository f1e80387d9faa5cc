// What the address of the page says. All that is chosen stands there, so a reload loses nothing.

export const VIEWS = {data: "Data", scenarios: "Scenarios", compare: "Compare", sessions: "Sessions"};

/** Reads `#/SESSION/VIEW?name=value…`. */
export function route() {
  const [where, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [session, view] = where.split("/").map(decodeURIComponent);
  return {session: session || null, view: VIEWS[view] ? view : "scenarios", query: new URLSearchParams(query)};
}

/** The address of something on this page. */
export function address({session, view, ...query}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const search = new URLSearchParams(given).toString();
  return `#/${encodeURIComponent(session)}/${view}${search ? `?${search}` : ""}`;
}

/** Changes what is chosen within the view; a step back in the browser undoes it. */
export function choose(changes, {replaced = false} = {}) {
  const now = route();
  const query = {...Object.fromEntries(now.query), ...changes};
  const target = address({session: now.session, view: now.view, ...query});
  if (replaced) history.replaceState(null, "", target);
  else location.hash = target;
}
