"""A sandbox of the bundled example, as it is served: prints its port."""

from __future__ import annotations

import socket

import uvicorn

from algomancy_api import ApiLauncher
from algomancy_api.example import build_example_config
from algomancy_api.http.server import BoundedProtocol

if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0))
    app = ApiLauncher.build_sandbox(build_example_config())
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, http=BoundedProtocol, log_level="error")).run(sockets=[listener])
