"""The conformance kit: tells, clause by clause, whether a backend keeps the Algomancy HTTP contract.

It knows the published ``openapi.json``, the clauses in ``clauses.toml`` and HTTP, and imports nothing of the reference
server; ``mutants``, which break that server on purpose, ask for it at run time. Begin with ``running.plugin``.
"""
