"""What every request passes between the socket and a route, and every reply on its way back.

`document`, `routers` and the surface modules import from here; from them it takes the error table and how the backend
is called. Begin with `gate`, which wraps all routes, then `bodies` and `replies`; `server` and `protocol` are for
`ApiLauncher.run` alone.
"""
