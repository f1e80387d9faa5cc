"""The sandbox: the API as the server gives it, in worlds whose time, runs and faults a frontend's tests control.

Only `ApiLauncher.build_sandbox` and the command line import it. Begin with `application`, which tells how one
application serves many worlds; `control` has the operations under `/sandbox`, `fixtures` what is asked of
the reference backend.
"""
