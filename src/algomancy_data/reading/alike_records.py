"""Reading a JSON list of flat records whose members have one type each: by Arrow, in threads that hold no lock.

That is what programs write, and takes half the time of decoding the list. Anything else is left to `json_reader`, and
so is whatever Arrow refuses or would change.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, TYPE_CHECKING, Any

import msgspec

from algomancy_data.cells.numbers import EXACT_IN_FLOAT
from algomancy_data.cells.tables import of_arrow
from algomancy_data.file import File
from algomancy_data.reading.offload import let_arrow_give_back

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_HEAD_BYTES = 1 << 16
_BEGIN, _END = b'{"r":[', b"]}"
_PIECE_BYTES = 2 << 20
_THREADS = 2
_BYTES_PER_MEMBER = 4
"""The least that a member of a record takes: `"":1`, and what separates it from the next is not counted."""


class _NotAlikeError(Exception):
    """The records must be read one by one."""


def read_alike_records(file: File) -> dict[str, pd.Series] | None:
    """Return the columns of such a list, or None where the file holds anything else.

    Raises:
        TooLargeError: There are more rows, columns or cells than the file's limits allow.
    """
    import pandas as pd
    import pyarrow as pa

    let_arrow_give_back()
    with file.open() as stream:
        start = stream.read(_HEAD_BYTES)
        head = start.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")
        types = _types(head if len(start) < _HEAD_BYTES else head[: head.rfind(b"},") + 1] + b"]")
        if not types:
            return None
        file.limits.check_shape(1, len(types), file.subject)
        try:
            schema = pa.schema([("r", pa.list_(pa.struct(types)))])
            with ThreadPoolExecutor(_THREADS) as pool:
                pieces = list(pool.map(lambda piece: _read(piece, schema, len(types)), _pieces(head, stream)))
        except (_NotAlikeError, pa.ArrowInvalid, UnicodeEncodeError):  # The last: a name that is no UTF-8.
            return None
    file.limits.check_shape(sum(map(len, pieces)), len(types), file.subject)
    columns: dict[str, pd.Series] = {}
    for number, name in enumerate(types):
        # Put together in one piece, for what Arrow made while reading is larger than what is in it.
        column = pa.chunked_array([pa.concat_arrays([piece.field(number) for piece in pieces])])
        if pa.types.is_floating(column.type) and not _is_exact(column):
            return None
        columns[name] = pd.Series(of_arrow(column), copy=False)
    return columns


def _types(records: bytes) -> dict[str, pa.DataType]:
    """Return the type of each member of the first records; nothing where some of them do not agree, or are not flat."""
    import pyarrow as pa

    of_kinds = {
        frozenset({str}): pa.large_string(),
        frozenset({bool}): pa.bool_(),
        frozenset({int}): pa.int64(),
        frozenset({float}): pa.float64(),
        frozenset({int, float}): pa.float64(),
        frozenset(): pa.null(),
    }
    kinds: dict[str, set[type]] = {}
    for record in _first_records(records):
        for name, value in record.items():
            kinds.setdefault(name, set()).update(() if value is None else (type(value),))
    types = {name: of_kinds.get(frozenset(found)) for name, found in kinds.items()}
    return {} if None in types.values() else types


def _first_records(records: bytes) -> list[dict[str, Any]]:
    try:
        return msgspec.json.decode(records, type=list[dict[str, Any]])
    except (msgspec.DecodeError, RecursionError):
        return []


def _pieces(head: bytes, stream: IO[bytes]) -> Iterator[bytes]:
    """Cut a list of records into JSON documents of some megabytes, each an object with a list as `r`.

    It is cut where an object and a comma are. Where that is within a text or a record, no piece is valid JSON.

    Args:
        head: The start of the list.
        stream: The rest of it.

    Raises:
        _NotAlikeError: It does not end like a list, or a record is far too long.
    """
    rest = head[1:]
    while more := stream.read(_PIECE_BYTES):
        cut = more.rfind(b"},") + 1
        if not cut and len(more) == _PIECE_BYTES:
            raise _NotAlikeError
        if not cut:
            rest += more
            break
        yield b"".join((_BEGIN, rest, memoryview(more)[:cut], _END))
        rest = more[cut + 1 :]
    rest = rest.rstrip(b" \t\r\n")
    if not rest.endswith(b"]"):
        raise _NotAlikeError
    yield b"".join((_BEGIN, memoryview(rest)[:-1], _END))


def _read(piece: bytes, schema: pa.Schema, width: int) -> pa.StructArray:
    """Return the records of one piece.

    Raises:
        pa.ArrowInvalid: It is no JSON, or a record has a member that is not expected, or a value of another type.
        _NotAlikeError: It holds something that Arrow would take for a record, or for a number.
    """
    import numpy as np
    import pyarrow as pa
    from pyarrow import json as arrow_json

    # Each record has all members in memory: a few bytes must not make millions of them.
    records = int(np.count_nonzero(np.frombuffer(piece, "uint8") == ord("{"))) - 1
    if records * width * _BYTES_PER_MEMBER > len(piece):
        raise _NotAlikeError
    table = arrow_json.read_json(
        pa.BufferReader(piece),
        arrow_json.ReadOptions(use_threads=False, block_size=len(piece)),
        arrow_json.ParseOptions(schema, newlines_in_values=True, unexpected_field_behavior="error"),
    )
    lists = table.column("r")
    if len(lists) != 1 or not lists[0].is_valid:
        raise _NotAlikeError
    found = lists.chunk(0).values
    if not len(found) or found.null_count:
        raise _NotAlikeError
    found.validate(full=True)
    return found


def _is_exact(numbers: pa.ChunkedArray) -> bool:
    """Tell whether every number is what the file says: not an integer that floats do not tell apart, nor one `-0`."""
    import numpy as np
    import pyarrow.compute as pc

    extremes = pc.min_max(numbers).as_py()
    if extremes["min"] is None:
        return True
    if not -EXACT_IN_FLOAT < extremes["min"] <= extremes["max"] < EXACT_IN_FLOAT or pc.any(pc.is_nan(numbers)).as_py():
        return False
    # Of `-0`, which is an integer, the sign does not count; that of `-0.0` does.
    return not np.signbit(numbers.filter(pc.equal(numbers, 0)).to_numpy()).any()
