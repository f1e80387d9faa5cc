"""What every request passes between the socket and a route, and every reply on its way back.

`routers`, `openapi`, `pages` and the surface modules import from here; from them it takes the error table and how the
backend is called. Begin with `gate`, which wraps all routes, then `bodies` and `replies`; requests that stay open are
in `waiting`, and `server` is for `ApiLauncher.run` alone.
"""
