"""One page per tag: every operation with its parameters, body, replies and example requests."""

from __future__ import annotations

import json
from typing import Any

from site_pages.document import Operation, Schema, example_of, operation_links, operations, resolve, slug, tags
from site_pages.markdown import GeneratedPage, fence, indent, prose, table, tabs
from site_pages.request_examples import ExampleRequest, as_curl, as_fetch, as_httpx, example_request
from site_pages.schema_tables import default_in_words, description_of, members_table, type_in_words

_LONGEST_UNFOLDED = 20


def operation_pages() -> list[GeneratedPage]:
    """The overview, and a page for every tag of the document."""
    by_tag: dict[str, list[Operation]] = {tag["name"]: [] for tag in tags()}
    for operation in operations():
        by_tag[operation.tag].append(operation)
    pages = [_overview(by_tag)]
    for tag in tags():
        name = tag["name"]
        parts = [f"# {_title(name)}\n", prose(tag.get("description", "")) + "\n"]
        parts += [_section(operation) for operation in by_tag[name]]
        pages.append(GeneratedPage(f"reference/{slug(name)}.md", _title(name), "\n".join(parts)))
    return pages


def _title(tag: str) -> str:
    return tag if tag.isupper() else tag[0].upper() + tag[1:]


def _overview(by_tag: dict[str, list[Operation]]) -> GeneratedPage:
    parts = [
        "# Operations\n",
        "Every operation of the API, by what it is about. The pages of this part are made from the OpenAPI document.\n",
        "Their examples tell one story, on a server with the bundled example. The dataset `Small warehouse` in it is"
        " the one that the example of [add_dataset_from_json](data.md#add_dataset_from_json) sends. Ids are those of"
        " that server: put yours in their place.\n",
    ]
    for name, members in by_tag.items():
        parts.append(f"## {_title(name)}\n")
        rows = (
            (
                f"[{operation.id}]({slug(operation.tag)}.md#{operation.id})",
                f'{operation.spec["summary"]}<br><small class="aside">`{operation.method} {operation.path}`</small>',
            )
            for operation in members
        )
        parts.append(table(("operation", "what it does"), rows))
    return GeneratedPage("reference/index.md", "Operations", "\n".join(parts))


def _section(operation: Operation) -> str:
    responses = operation.spec["responses"]
    parts = [*facts(operation), *_next_steps(responses)]
    parts += ["**Example**\n", tabs(_example_tabs(example_request(operation)))]
    example = _success_example(responses)
    if example is not None:
        parts.append(example)
    return "\n".join(parts)


def facts(operation: Operation, models: str = "models.md") -> list[str]:
    """What an operation takes and answers, with links to named models on the page `models`."""
    spec = operation.spec
    parts = [
        f"## {spec['summary'].rstrip('.')} {{ #{operation.id} }}\n",
        f'<p class="operation {operation.method.lower()}"><strong>{operation.method}</strong>'
        f" <code>{operation.path}</code></p>\n",
        prose(spec.get("description", "").removeprefix(spec["summary"]).lstrip(".")) + "\n",
        f"Operation id: `{operation.id}`\n",
    ]
    if operation.parameters:
        rows = (
            (
                f"`{one['name']}`<br><small>{one['in']}{'' if one.get('required') else ', optional'}</small>",
                type_in_words(one["schema"], models) + default_in_words(one["schema"]),
                one.get("description") or description_of(one["schema"]),
            )
            for one in operation.parameters
        )
        parts += ["**Parameters**\n", table(("name", "type", "meaning"), rows)]
    if "requestBody" in spec:
        parts += ["**Body**\n", *_body(resolve(spec["requestBody"]), models)]
    parts += ["**Replies**\n", table(("status", "body", "when"), _replies(spec["responses"], models))]
    return parts + _headers(spec["responses"])


def _body(body: dict[str, Any], models: str) -> list[str]:
    parts = []
    if body.get("description"):
        parts.append(prose(body["description"]) + "\n")
    for media_type, media in body["content"].items():
        schema: Schema = media["schema"]
        name = type_in_words(schema, models)
        parts.append(f"`{media_type}`{f', {name}' if name.startswith('[') else ''}\n")
        parts.append(members_table(schema, models, request=True))
    return parts


def _replies(responses: dict[str, Any], models: str) -> list[tuple[str, str, str]]:
    rows = []
    for status, reply in responses.items():
        content = resolve(reply).get("content", {})
        kinds = [
            type_in_words(media["schema"], models) if media.get("schema") else f"`{media_type}`"
            for media_type, media in content.items()
        ]
        rows.append((f"`{status}`", " or ".join(kinds) or "none", resolve(reply)["description"]))
    return rows


def _headers(responses: dict[str, Any]) -> list[str]:
    """What the reply carries besides its body."""
    rows = {
        name: (f"`{name}`", header.get("description", ""))
        for reply in responses.values()
        for name, header in resolve(reply).get("headers", {}).items()
    }
    return [table(("reply header", "meaning"), rows.values())] if rows else []


def _next_steps(responses: dict[str, Any]) -> list[str]:
    """What can be done with what was returned."""
    links = operation_links()
    steps = {
        link["operationId"]: None for reply in responses.values() for link in resolve(reply).get("links", {}).values()
    }
    return [f"Then: {', '.join(f'[{step}]({links[step]})' for step in steps)}\n"] if steps else []


def _example_tabs(request: ExampleRequest) -> list[tuple[str, str]]:
    return [
        ("curl", fence("sh", as_curl(request))),
        ("httpx", fence("python", as_httpx(request))),
        ("fetch", fence("js", as_fetch(request))),
    ]


def _success_example(responses: dict[str, Any]) -> str | None:
    """The documented reply, folded when it is long."""
    for status, reply in responses.items():
        media = resolve(reply).get("content", {}).get("application/json")
        if status.startswith("2") and media is not None and {"example", "examples"} & set(media):
            text = json.dumps(example_of(media), ensure_ascii=False, indent=2)
            block = fence("json", text)
            if len(text.splitlines()) <= _LONGEST_UNFOLDED:
                return f"Reply, `{status}`:\n\n{block}"
            return f'??? quote "Reply, {status}"\n\n{indent(block)}'
    return None
