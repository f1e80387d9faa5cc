"""Where sessions, datasets and scenarios outlive the server.

`port` says what the managers ask of a store; `memory` and `directory` are the two there are. Nothing here knows a
manager. Begin with `port`; a new store implements it and is chosen in `sessionmanager`.
"""
