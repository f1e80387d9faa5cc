"""Headless Chromium, driven over its DevTools protocol, with every address but this machine's out of reach."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--remote-debugging-port=0",
)
_PATIENCE = 40.0


def find_chromium() -> str | None:
    """The program, where it is installed."""
    return next((found for name in ("chromium", "chromium-browser") if (found := shutil.which(name))), None)


class Chromium:
    """One page of a running browser, and what went wrong in it."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._events: list[dict[str, Any]] = []
        self.problems: list[str] = []
        self.requested: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")

    @classmethod
    @contextmanager
    def started(cls, program: str, profile: Path) -> Iterator[Chromium]:
        """Start the browser with an empty profile, and end it afterwards."""
        command = [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            try:
                port = _debugging_port(process)
                pages = httpx.get(f"http://127.0.0.1:{port}/json", timeout=_PATIENCE).json()
                address = next(page["webSocketDebuggerUrl"] for page in pages if page["type"] == "page")
                with connect(address, max_size=None, compression=None) as socket:
                    yield cls(socket)
            finally:
                process.terminate()
                process.communicate()

    def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = self._receive(_PATIENCE)
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return dict(message["result"])

    def open(self, url: str) -> None:
        """Go to an address, and wait until it has loaded."""
        self.resize(1280)
        self.problems.clear()
        self.requested.clear()
        self._events.clear()
        self.send("Page.navigate", url=url)
        while not any(message["method"] == "Page.loadEventFired" for message in self._events):
            self._receive(_PATIENCE)

    def resize(self, width: int, height: int = 900) -> None:
        """Give the window a size; a narrow one is a phone's."""
        self.send(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def width_of_page(self, width: int) -> int:
        """How wide the page is in a window of that width: more when something sticks out."""
        self.resize(width)
        return int(self.evaluate("document.documentElement.scrollWidth"))

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression."""
        answer = self.send("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", expression))
        return answer["result"].get("value")

    def wait_until(self, expression: str) -> Any:
        """The value of an expression, once it is true."""
        deadline = time.monotonic() + _PATIENCE
        while not (value := self.evaluate(expression)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"It never became true: {expression}")
            self.evaluate("new Promise(resolve => setTimeout(resolve, 50))")
        return value

    def screenshot(self, path: Path) -> None:
        """Write what the window shows to a PNG file."""
        path.write_bytes(base64.b64decode(self.send("Page.captureScreenshot", format="png")["data"]))

    def _receive(self, timeout: float) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv(timeout=timeout))
        if "method" in message:
            self._events.append(message)
            self._note(message["method"], message["params"])
        return message

    def _note(self, event: str, details: dict[str, Any]) -> None:
        """Keep what a clean page does not do, and every address it asked for."""
        if event == "Runtime.exceptionThrown":
            thrown = details["exceptionDetails"]
            self.problems.append(thrown.get("exception", {}).get("description") or thrown["text"])
        elif event == "Runtime.consoleAPICalled" and details["type"] in ("error", "assert"):
            self.problems.append(" ".join(str(one.get("value", one.get("description"))) for one in details["args"]))
        elif event == "Log.entryAdded" and details["entry"]["level"] == "error":
            self.problems.append(f"{details['entry']['text']} {details['entry'].get('url', '')}")
        elif event == "Network.requestWillBeSent":
            self.requested.append(details["request"]["url"])
        elif event == "Network.responseReceived" and details["response"]["status"] >= 400:
            self.problems.append(f"{details['response']['status']} {details['response']['url']}")


def _debugging_port(process: subprocess.Popen[str]) -> int:
    """The port that the browser says it listens on."""
    if process.stderr is None:
        raise RuntimeError("Chromium was started without its messages.")
    for line in process.stderr:
        if "DevTools listening on ws://" in line:
            return int(line.split("ws://", 1)[1].split("/", 1)[0].rsplit(":", 1)[1])
    raise RuntimeError("Chromium ended without saying where it listens.")
