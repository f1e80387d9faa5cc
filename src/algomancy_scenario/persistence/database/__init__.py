"""The store of servers that share a database: SQLite on one machine, PostgreSQL on any number.

Each server has an index of everything in memory, as with any other store. The database counts its changes, and each row
tells the change that made it: a server that has seen up to `n` asks for what is newer. Whoever changes something first
catches up, in the transaction that keeps all others from changing anything; so what memory says is true for as long as
that lasts. Begin with `store`; `database` is imported by `sessions.building` alone, and only where it is asked for.
"""
