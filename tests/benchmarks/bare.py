"""The limit to measure against: a Starlette app that returns bytes from memory; run as a module, it prints its port."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.benchmarks.serving import serve

BODIES: dict[str, bytes] = {"health": b"{}"}


async def body(request: Request) -> Response:
    """The bytes put under that name."""
    return Response(BODIES[request.path_params["name"]], media_type="application/json")


async def put(request: Request) -> Response:
    """Keep the request's bytes under that name."""
    BODIES[request.path_params["name"]] = await request.body()
    return Response(status_code=204)


app = Starlette(routes=[Route("/{name}", body), Route("/{name}", put, methods=["PUT"])])

if __name__ == "__main__":
    serve(app)
