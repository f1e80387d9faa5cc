"""Turns what a cell holds into a value of the schema's type: numbers, dates, intervals, and whole columns of them.

The readers, the extractors and the validators import it; of the package it imports nothing but schema, messages and
encoding. Begin with `tables.convert_table`, which has `conversion` convert each column; `numbers` knows how numbers are
written.
"""
