"""Makes a backend of any make keep the contract: each call is checked first, each reply put right.

`backend_calls` wraps a backend that does not say `nonblocking` in `CheckedBackend`; nothing else imports from here.
Begin with `sessions`, then `scenarios`, which holds one lock per session; `values` puts what
goes in and out right.
"""
