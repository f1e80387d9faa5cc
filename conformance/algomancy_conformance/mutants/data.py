"""Mutants of the clauses on datasets and ETL."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote

from ..messages import Json
from .wire import (
    Call,
    Forward,
    Mutant,
    Reply,
    answer,
    instead,
    longest,
    matches,
    pretend,
    refusal,
    refuse,
    request,
    status,
)

KEYS = "GET /sessions/*/data"
ONE = "GET /sessions/*/data/*"
DELETE = "DELETE /sessions/*/data/*"
DERIVE = "POST /sessions/*/data/*/derive"
FROM_JSON = "POST /sessions/*/data/from-json"
ETL = "POST /sessions/*/etl"
LARGE = 5_000_000


def metadata(**more: Json) -> Json:
    """A dataset with other metadata."""
    return lambda body: {**body, "metadata": {**body["metadata"], **more}}


def each_table(change: Json) -> Json:
    """A dataset with every table changed."""
    return lambda body: {**body, "tables": {n: change(dict(t)) for n, t in body["tables"].items()}}


def as_arrays(table: Json) -> Json:
    """Rows as arrays."""
    return {**table, "data": [list(row.values()) for row in table["data"]]}


def each_row(change: Json) -> Json:
    """A dataset with every text in its rows changed."""

    def changed(row: Json) -> Json:
        return {k: change(v) if isinstance(v, str) else v for k, v in row.items()}

    return each_table(lambda table: {**table, "data": [changed(row) for row in table["data"]]})


def figure(text: str) -> Json:
    """What looks like a whole number as one."""
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def half(table: Json) -> Json:
    """A table without its second half, where it has more than a few rows."""
    kept = (len(table["data"]) + 1) // 2 if len(table["data"]) > 5 else len(table["data"])
    return {**table, "data": table["data"][:kept], "index": table["index"][:kept]}


async def racing_keys(call: Call, forward: Forward) -> Reply:
    """Check, then act: whoever asks while the key is still free gets it."""
    keys = await forward(call.to("GET", "/".join(call.path.split("/")[:4])))
    reply = await forward(call)
    taken = reply.status == 409 and keys.good and call.json["new_key"] not in keys.json["keys"]
    return keys.saying({"keys": [*keys.json["keys"], call.json["new_key"]]}, 201) if taken else reply


class SharedIds:
    """A derived dataset with the id of its source."""

    def __init__(self) -> None:
        self.sources: dict[str, str] = {}

    async def __call__(self, call: Call, forward: Forward) -> Reply:
        """Remember what was derived from what."""
        if matches(call, DERIVE) and isinstance(call.json, dict):
            derived = quote(str(call.json.get("new_key")), safe="")
            self.sources[f"/sessions/{call.parts[1]}/data/{derived}"] = call.path.removesuffix("/derive")
        reply = await forward(call)
        if call.method == "GET" and call.path in self.sources and reply.good:
            source = await forward(call.to("GET", self.sources[call.path]))
            return reply.saying(metadata(id=source.json["metadata"]["id"])(reply.json)) if source.good else reply
        return reply


async def shared_tables(call: Call, forward: Forward) -> Reply:
    """A derived dataset is lost with its source."""
    if matches(call, DELETE):
        body = (await forward(call.to("GET", f"/sessions/{call.parts[1]}/data"))).json
        for key in body["keys"]:
            path = f"/sessions/{call.parts[1]}/data/{quote(key, safe='')}"
            if path != call.path and (await forward(call.to("GET", path))).json["metadata"]["type"] == "derived_data":
                await forward(call.to("DELETE", path))
    return await forward(call)


async def lose_a_row(call: Call, forward: Forward) -> Reply:
    """The last row is lost on the way in."""
    body = call.json
    if isinstance(body, dict) and isinstance(body.get("tables"), dict):
        for table in body["tables"].values():
            if isinstance(table, dict) and isinstance(table.get("data"), list):
                table["data"] = table["data"][:-1]
                table["index"] = (table.get("index") or [])[:-1]
        return await forward(call.sending(body))
    return await forward(call)


async def own_ids(call: Call, forward: Forward) -> Reply:
    """An added dataset gets another id."""
    body = call.json
    if isinstance(body, dict) and isinstance(body.get("metadata"), dict):
        return await forward(call.sending(metadata(id=str(uuid.uuid4()))(body)))
    return await forward(call)


async def never_replace(call: Call, forward: Forward) -> Reply:
    """A key that exists is refused."""
    keys = (await forward(call.to("GET", f"/sessions/{call.parts[1]}/data"))).json["keys"]
    name = ((call.json or {}).get("metadata") or {}).get("name") if isinstance(call.json, dict) else None
    return refusal(409, "The key is taken.") if name in keys else await forward(call)


async def never_replace_by_upload(call: Call, forward: Forward) -> Reply:
    """A key that exists is refused, in an upload."""
    keys = (await forward(call.to("GET", f"/sessions/{call.parts[1]}/data"))).json["keys"]
    name = re.search(rb'name="dataset_name"\r\n\r\n([^\r]*)', call.body)
    return refusal(409, "The key is taken.") if name and name[1].decode() in keys else await forward(call)


async def the_new_key_alone(call: Call, forward: Forward) -> Reply:
    """The refreshed list holds the new key and no other."""
    reply = await forward(call)
    return reply.saying({"keys": [call.json["metadata"]["name"]]}) if reply.good else reply


async def tidy_keys(call: Call, forward: Forward) -> Reply:
    """A bad key is tidied up."""
    key = (call.json or {}).get("new_key")
    if isinstance(key, str) and key:
        good = re.sub(r"[^\w .-]", "_", key)[:200].strip(".") or "key"
        return await forward(call.sending({**call.json, "new_key": good}))
    return await forward(call)


async def store_invalid(call: Call, forward: Forward) -> Reply:
    """A dataset that is not valid is stored, although success is false."""
    reply = await forward(call)
    if reply.good and reply.json["success"] is False:
        name = reply.json["dataset_name"]
        payload = {
            "metadata": {"id": str(uuid.uuid4()), "name": name, "type": "master_data", "tables": [],
                         "creation_datetime": "2025-01-01T00:00:00"},
            "tables": {},
        }  # fmt: skip
        await forward(call.to("POST", f"/sessions/{call.parts[1]}/data/from-json", payload))
    return reply


async def invalid_is_400(call: Call, forward: Forward) -> Reply:
    """Data that does not pass validation is a bad request."""
    reply = await forward(call)
    return refusal(400, "The data is not valid.") if reply.good and reply.json["success"] is False else reply


async def write_file(call: Call, forward: Forward) -> Reply:
    """The upload is written where its file name says."""
    for name in re.findall(rb'filename="(/[^"\x00]+)"', call.body):
        path = Path(name.decode())
        if "conformance-" in path.parent.name:
            path.write_bytes(b"escaped")
    return await forward(call)


async def block_the_loop(call: Call, forward: Forward) -> Reply:
    """A large upload is read on the event loop."""
    if len(call.body) > LARGE:
        time.sleep(1.3)
    return await forward(call)


async def lower_case_only(call: Call, forward: Forward) -> Reply:
    """An extension in upper case is none."""
    if re.search(rb'filename="[^"]*\.(CSV|JSON|XLSX)"', call.body):
        return refusal(400, "The extension is not supported.")
    return await forward(call)


async def forgiving(call: Call, forward: Forward) -> Reply:
    """What cannot be read is no reason to complain."""
    reply = await forward(call)
    if reply.status != 400:
        return reply
    return Reply(200, b'{"dataset_name": "x", "success": false, "keys": [], "messages": []}')


async def nameless(call: Call, forward: Forward) -> Reply:
    """The message does not name the file."""
    reply = await forward(call)
    return refusal(400, "Something is wrong with a file.") if reply.status == 400 else reply


async def odd_keys_cannot_be_deleted(call: Call, forward: Forward) -> Reply:
    """A key with a space or an umlaut cannot be deleted."""
    return refusal(404) if "%" in call.parts[3] else await forward(call)


async def false_success(call: Call, forward: Forward) -> Reply:
    """Data that does not pass validation is a success, and is not stored."""
    reply = await forward(call)
    return reply.saying({**reply.json, "success": True}) if reply.good else reply


async def unstored(call: Call, forward: Forward) -> Reply:  # noqa: ARG001
    """An upload is acknowledged and forgotten."""
    name = re.search(rb'name="dataset_name"\r\n\r\n([^\r]*)', call.body)
    key = name[1].decode() if name else ""
    return Reply(200).saying({"dataset_name": key, "success": True, "keys": [key], "messages": []})


def swapped(text: str) -> str:
    """Words with small letters for capitals and the other way round."""
    return text if any(c.isdigit() for c in text) else text.swapcase()


def without_heading(body: Json) -> Json:
    """Messages whose rows begin below the heading."""
    rows = [{**m, "row": m["row"] and m["row"] - 1} for m in body.get("messages", ())]
    return {**body, "messages": rows}


MUTANTS = [
    Mutant("keys as objects", "DAT-1", answer(KEYS, lambda b: {"keys": [{"key": k} for k in b["keys"]]})),
    Mutant("a bare array of keys", "DAT-1", answer(KEYS, lambda b: b["keys"])),
    Mutant("rows as arrays", "DAT-2", answer(ONE, each_table(as_arrays))),
    Mutant(
        "tables without dtypes",
        "DAT-2",
        answer(ONE, each_table(lambda t: {k: v for k, v in t.items() if k != "dtypes"})),
    ),
    Mutant("columns as an object", "DAT-2", answer(ONE, each_table(lambda t: {**t, "columns": t["dtypes"]}))),
    Mutant("dtypes as an array", "DAT-2", answer(ONE, each_table(lambda t: {**t, "dtypes": [*t["dtypes"].values()]}))),
    Mutant("a column is not listed", "DAT-2", answer(ONE, each_table(lambda t: {**t, "columns": t["columns"][1:]}))),
    Mutant("a dataset without a type", "DAT-2", answer(ONE, metadata(type=None))),
    Mutant("a dataset in a string", "DAT-2", answer(ONE, str)),
    Mutant("an unknown dataset is empty", "DAT-2", status(ONE, 200, 404, {"metadata": {}, "tables": {}})),
    Mutant("delete deletes nothing", "DAT-3", pretend(DELETE, Reply(204))),
    Mutant("deletion has a body", "DAT-3", status(DELETE, 204, 204, {"deleted": True})),
    Mutant("referenced data is deleted", "DAT-3", status(DELETE, 204, 409)),
    Mutant("shared ids after derive", "DAT-4", SharedIds()),
    Mutant("derived data is master data", "DAT-4", answer(ONE, metadata(type="master_data"))),
    Mutant("a taken key is replaced", "DAT-4", status(DERIVE, 201, 409, {"keys": []})),
    Mutant("keys are folded", "DAT-4", request(DERIVE, lambda b: {**b, "new_key": str(b.get("new_key", "")).lower()})),
    Mutant("derivations in a race", "DAT-4", instead(DERIVE, racing_keys)),
    Mutant("derived data goes with its source", "DAT-4", shared_tables),
    Mutant("added data gets an id", "DAT-5", instead(FROM_JSON, own_ids)),
    Mutant("the last row is lost", "DAT-5", instead(FROM_JSON, lose_a_row)),
    Mutant("figures in text become numbers", "DAT-5", answer(ONE, each_row(figure))),
    Mutant("text is stripped", "DAT-5", answer(ONE, each_row(str.strip))),
    Mutant("the refreshed list holds one key", "DAT-5", instead(FROM_JSON, the_new_key_alone)),
    Mutant("a bad payload is 422", "DAT-5", status(FROM_JSON, 422, 400)),
    Mutant("keys are normalised", "DAT-6", request(DERIVE, lambda b: {k: normalize("NFC", v) for k, v in b.items()})),
    Mutant("odd keys are not listed", "DAT-6", answer(KEYS, lambda b: {"keys": [k for k in b["keys"] if k.isascii()]})),
    Mutant("odd keys cannot be deleted", "DAT-6", instead(DELETE, odd_keys_cannot_be_deleted)),
    Mutant("nothing is replaced", "DAT-7", instead(FROM_JSON, never_replace)),
    Mutant("referenced data is replaced", "DAT-7", status(FROM_JSON, 201, 409, {"keys": []})),
    Mutant("uploads replace nothing", "DAT-7", instead(ETL, never_replace_by_upload)),
    Mutant("uploads replace referenced data", "DAT-7", status(ETL, 200, 409, {"success": True, "keys": []})),
    Mutant(
        "data parameters as a list", "DAT-8", answer("GET /sessions/*/data/*/parameters", lambda b: b["parameters"])
    ),
    Mutant("bad keys are tidied up", "DAT-9", instead(DERIVE, tidy_keys)),
    Mutant("keys of 255 characters are too long", "DAT-9", refuse(DERIVE, longest("new_key"), 400)),
    Mutant("bad keys are 422", "DAT-9", status(DERIVE, 422, 400)),
    Mutant("success as a word", "ETL-1", answer(ETL, lambda b: {**b, "success": str(b["success"])})),
    Mutant("an upload is 201", "ETL-1", status(ETL, 201, 200)),
    Mutant("an upload lists one key", "ETL-1", answer(ETL, lambda b: {**b, "keys": [b["dataset_name"]]})),
    Mutant("lower case extensions only", "ETL-1", instead(ETL, lower_case_only)),
    Mutant("invalid data is 400", "ETL-2", instead(ETL, invalid_is_400)),
    Mutant("invalid data is stored", "ETL-2", instead(ETL, store_invalid)),
    Mutant("an unsupported extension is 415", "ETL-3", status(ETL, 415, 400)),
    Mutant("the file is not named", "ETL-3", instead(ETL, nameless)),
    Mutant("uploads are written by their name", "ETL-4", instead(ETL, write_file)),
    Mutant("large uploads block", "ETL-5", instead(ETL, block_the_loop)),
    Mutant("a success that is not there", "ETL-2", instead(ETL, false_success)),
    Mutant("an upload that is not stored", "DAT-6", instead(ETL, unstored)),
    Mutant("half of an upload is kept", "ETL-7", answer("GET /sessions/*/data/read%20back", each_table(half))),
    Mutant("leading zeros are lost", "ETL-7", answer(ONE, each_row(lambda t: t.lstrip("0") or "0"))),
    Mutant("capitals for small letters", "ETL-7", answer(ONE, each_row(swapped))),
    Mutant("rows are counted without the heading", "ETL-8", answer(ETL, without_heading)),
    Mutant("garbage is no error", "ETL-6", instead(ETL, forgiving)),
    Mutant("the missing file is not named", "ETL-6", instead(ETL, nameless)),
]
