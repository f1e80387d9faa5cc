"""Turns what a cell holds into a value of the schema's type: numbers, dates, intervals, and whole columns of them.

The readers, the extractors and the validators import it; of the package it imports nothing but schema and messages.
Begin with `conversion`, which takes a column as read and gives the column as wanted.
"""
