"""The documented example of an operation as a request: with curl, with httpx, with fetch.

Each is a whole program. The tests run them all against a live server.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from site_pages.document import Operation, example_of, operations, resolve

SERVER = "http://127.0.0.1:8051"
# The session that an example speaks of, where it is not `main`: so that requests and documented replies tell one story.
_SESSIONS = {
    "get_session": "Next year",
    "rename_session": "What if",
    "copy_session": "Next year",
    "delete_session": "Next year, copy",
}
_INDENT = "    "


@dataclass(frozen=True)
class ExampleRequest:
    """One request that an operation documents.

    Attributes:
        method: HTTP method in capitals.
        url: Its address on a server of this machine.
        body: The JSON body, or None.
        form: The text fields of a multipart body.
        uploads: The names of the files of a multipart body, by field.
        empty: Whether the reply has no body.
        text: Whether the reply is text rather than JSON.
        stream: Whether the reply goes on for as long as somebody reads.
    """

    method: str
    url: str
    body: Any
    form: dict[str, str]
    uploads: dict[str, list[str]]
    empty: bool
    text: bool
    stream: bool = False


def example_request(operation: Operation) -> ExampleRequest:
    """The request that `operation` documents as its example."""
    path = operation.path
    for parameter in operation.parameters:
        if parameter["in"] == "path":
            name = parameter["name"]
            value = example_of(parameter) or _path_examples().get(name, name)
            if name == "session_id":
                value = _SESSIONS.get(operation.id, "main")
            path = path.replace("{" + name + "}", quote(str(value), safe=""))
    content = resolve(operation.spec.get("requestBody", {})).get("content", {})
    form, uploads = _multipart(content["multipart/form-data"]) if "multipart/form-data" in content else ({}, {})
    body = example_of(content["application/json"]) if "application/json" in content else None
    replies = _success(operation).get("content", {})
    return ExampleRequest(
        operation.method,
        SERVER + path,
        body,
        form,
        uploads,
        not replies,
        bool(replies) and "application/json" not in replies,
        stream="text/event-stream" in replies,
    )


def _success(operation: Operation) -> dict[str, Any]:
    """The reply object of success."""
    return next(resolve(reply) for code, reply in operation.spec["responses"].items() if code.startswith("2"))


@cache
def _path_examples() -> dict[str, str]:
    """Values for path parameters: those that the documented requests and replies of other operations name."""
    found = {operation.id: operation for operation in operations()}

    def reply(name: str) -> dict[str, Any]:
        return dict(example_of(_success(found[name])["content"]["application/json"]))

    sent = example_of(found["add_dataset_from_json"].spec["requestBody"]["content"]["application/json"])
    return {
        "data_key": sent["metadata"]["name"],
        "scenario_id": reply("create_scenario")["id"],
        "algorithm_name": reply("get_algorithm_parameters")["name"],
    }


def _multipart(media: dict[str, Any]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The text fields and the files of a multipart example; the files are those of the bundled example."""
    given = example_of(media) or {}
    form: dict[str, str] = {}
    uploads: dict[str, list[str]] = {}
    for name, member in resolve(media["schema"])["properties"].items():
        if resolve(member).get("type") == "array":
            uploads[name] = sample_files()
        else:
            form[name] = str(given.get(name) or example_of({"schema": member}) or "Week 12")
    return form, uploads


@cache
def sample_files() -> list[str]:
    """The names of the files from which the bundled example's dataset is made."""
    (folder,) = [entry for entry in files("algomancy_api.example").joinpath("data").iterdir() if entry.is_dir()]
    return sorted(entry.name for entry in folder.iterdir())


def as_curl(request: ExampleRequest) -> str:
    """The request as a shell command."""
    words = ["curl", "--no-buffer"] if request.stream else ["curl"]
    if request.method != ("POST" if request.body is not None or request.form else "GET"):
        words.append(f"--request {request.method}")
    words.append(shlex.quote(request.url))
    words += [f"--form {shlex.quote(f'{name}={value}')}" for name, value in request.form.items()]
    words += [f"--form {shlex.quote(f'{field}=@{name}')}" for field, names in request.uploads.items() for name in names]
    if request.body is not None:
        words.append("--header 'Content-Type: application/json'")
        words.append(f"--data {shlex.quote(json.dumps(request.body, ensure_ascii=False))}")
    line = " ".join(words)
    return line if len(line) <= 90 else " \\\n  ".join([" ".join(words[:2]), *words[2:]])


def as_httpx(request: ExampleRequest) -> str:
    """The request as a Python program."""
    lines = ["import httpx", ""]
    arguments = [json.dumps(request.url)]
    if request.stream:
        lines.append(f"with httpx.stream({json.dumps(request.method)}, {arguments[0]}, timeout=None) as response:")
        lines += ["    for line in response.iter_lines():", "        print(response.status_code, line)"]
        return "\n".join(lines)
    if request.uploads:
        lines.insert(0, "from pathlib import Path")
        lines.insert(1, "")
        for field, names in request.uploads.items():
            lines.append(f"names = {python_literal(names)}")
            lines.append(f'{field} = [("{field}", (name, Path(name).read_bytes())) for name in names]')
        arguments += [f"data={python_literal(request.form)}", f"files={' + '.join(request.uploads)}"]
    if request.body is not None:
        arguments.append(f"json={python_literal(request.body)}")
    lines.append(f"response = httpx.{request.method.lower()}({', '.join(arguments)})")
    shown = "" if request.empty else ", response.text[:60]" if request.text else ", response.json()"
    lines.append(f"print(response.status_code{shown})")
    return "\n".join(lines)


def as_fetch(request: ExampleRequest) -> str:
    """The request as JavaScript for a browser or for Node."""
    lines: list[str] = []
    options: list[str] = []
    if request.method != "GET":
        options.append(f'method: "{request.method}"')
    if request.uploads:
        lines += ['import { readFile } from "node:fs/promises"; // in a page, files come from an input', ""]
        lines.append("const body = new FormData();")
        lines += [f"body.append({_js(name)}, {_js(value)});" for name, value in request.form.items()]
        for field, names in request.uploads.items():
            lines.append(f"for (const name of {_js(names)}) {{")
            lines.append(f"  body.append({_js(field)}, new Blob([await readFile(name)]), name);")
            lines.append("}")
        options.append("body")
    if request.body is not None:
        options.append('headers: { "Content-Type": "application/json" }')
        text = json.dumps(request.body, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        options.append(f"body: JSON.stringify({text})")
    if not options:
        call = f"fetch({_js(request.url)})"
    elif request.body is None:
        call = f"fetch({_js(request.url)}, {{ {', '.join(options)} }})"
    else:
        call = f"fetch({_js(request.url)}, {{\n  " + ",\n  ".join(options) + ",\n})"
    lines.append(f"const response = await {call};")
    if request.stream:
        lines.append("for await (const text of response.body.pipeThrough(new TextDecoderStream())) {")
        lines += ["  console.log(response.status, text);", "}"]
        return "\n".join(lines)
    shown = "" if request.empty else f", await response.{'text' if request.text else 'json'}()"
    lines.append(f"console.log(response.status{shown});")
    return "\n".join(lines)


def _js(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return json.dumps(value, ensure_ascii=False)


def python_literal(value: Any, depth: int = 0) -> str:  # noqa: ANN401 - any JSON value
    """A JSON value as Python source: on one line where that is short."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list):
        return repr(value)
    if isinstance(value, dict):
        members = [
            f"{json.dumps(key, ensure_ascii=False)}: {python_literal(one, depth + 1)}" for key, one in value.items()
        ]
    else:
        members = [python_literal(one, depth + 1) for one in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    line = f"{opening}{', '.join(members)}{closing}"
    if len(line) <= 70 and "\n" not in line:
        return line
    inner = "".join(f"{_INDENT * (depth + 1)}{member},\n" for member in members)
    return f"{opening}\n{inner}{_INDENT * depth}{closing}"
