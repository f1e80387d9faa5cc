"""Files on their way to the server: read from disk in pieces, with word of how far they are."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias, cast

import httpx

UploadFile: TypeAlias = "str | os.PathLike[str] | tuple[str, bytes]"
"""A file on disk, or a name with content."""

UploadProgress: TypeAlias = Callable[[int, int], None]
"""Told the bytes sent so far and the bytes there are, both counted over the whole request body."""


@dataclass(frozen=True)
class Upload:
    """The parts of a multipart request."""

    fields: Mapping[str, str]
    files: tuple[UploadFile, ...]
    on_progress: UploadProgress | None = None

    @property
    def form(self) -> dict[str, bytes]:
        """The fields as httpx takes them; whether what is no text may be one is for the server to say."""
        return {name: value.encode("utf-8", "surrogatepass") for name, value in self.fields.items()}

    def open(self, stack: ExitStack) -> list[tuple[str, tuple[str, IO[bytes] | bytes, str]]]:
        """The files as httpx takes them, open until `stack` closes.

        Raises:
            OSError: a file is missing or cannot be read.
        """
        return [("files", self._part(file, stack)) for file in self.files]

    @staticmethod
    def _part(file: UploadFile, stack: ExitStack) -> tuple[str, IO[bytes] | bytes, str]:
        if isinstance(file, tuple):
            name, content = file
            return _sendable(name), content, "application/octet-stream"
        path = Path(file)
        return _sendable(path.name), stack.enter_context(path.open("rb")), "application/octet-stream"


def _sendable(name: str) -> str:
    """The name with `?` for what no text can hold: file systems take any bytes."""
    return name.encode("utf-8", "replace").decode()


class CountedStream(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A request body that tells how much of it was sent."""

    def __init__(self, request: httpx.Request, on_progress: UploadProgress) -> None:
        self._stream = cast("Iterable[bytes]", request.stream)
        self._total = int(request.headers["Content-Length"])
        self._on_progress = on_progress

    def __iter__(self) -> Iterator[bytes]:
        sent = 0
        for piece in self._stream:
            yield piece
            # The next piece is asked for when this one has left.
            sent += len(piece)
            self._on_progress(sent, self._total)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece
