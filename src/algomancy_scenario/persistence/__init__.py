"""Where sessions, datasets and scenarios outlive the server.

`port` says what the managers ask of a store; there are memory, `directory` (a folder, with a `session_folder` for each
session) and `database`. Nothing here knows a manager. Begin with `port`; `sessions.opening` chooses a store.
"""
