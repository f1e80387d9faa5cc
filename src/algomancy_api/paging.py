"""Links from one page of a list to its neighbours."""

from __future__ import annotations

from urllib.parse import urlencode

from algomancy_api.schemas import ScenarioListQuery, ScenarioView


def page_links(path: str, query: ScenarioListQuery, total: int) -> dict[str, str]:
    """Return the `Link` header of one page, or nothing when no `limit` divides the list into pages.

    Args:
        path: Path of the list.
        query: What was asked for.
        total: How many scenarios there are in all.
    """
    if query.limit is None:
        return {}
    pages = []
    if query.offset + query.limit < total:
        pages.append(("next", query.offset + query.limit))
    if query.offset > 0:
        pages.append(("prev", max(0, query.offset - query.limit)))
    links = ", ".join(f'<{_page(path, query, offset)}>; rel="{relation}"' for relation, offset in pages)
    return {"Link": links} if links else {}


def _page(path: str, query: ScenarioListQuery, offset: int) -> str:
    parameters: dict[str, object] = {"limit": query.limit, "offset": offset}
    if query.view is not ScenarioView.FULL:
        parameters["view"] = query.view.value
    return f"{path}?{urlencode(parameters)}"
