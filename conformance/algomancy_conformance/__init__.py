"""The conformance kit: tells, clause by clause, whether a backend keeps the Algomancy HTTP contract.

It knows the published ``openapi.json``, the clauses in ``clauses.toml`` and HTTP; it imports nothing of the reference
server (only ``mutants`` and ``selftest``, which break that server on purpose, do).
"""
