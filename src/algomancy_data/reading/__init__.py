"""Reads csv, xlsx and json files into tables, within limits, and in a process of its own when they are large.

Extractors and files import it, and whoever sets limits or ends the parsing process; it imports `cells` and the schema.
Begin with `csv_reader`, then see `offload` for what runs in the other process.
"""
