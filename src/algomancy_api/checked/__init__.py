"""A backend of any make, made to keep the contract: every call checked first, every reply put right.

`backend_calls` wraps a backend that does not say `nonblocking` in `CheckedBackend`; nothing else imports from here.
Begin with `sessions`, then `scenarios`, which holds one lock per session; `values` puts what
goes in and out right.
"""
