"""The JSON form of a dataset (contract DAT-2): how it is written, checked, read and put in canonical form.

Data sources and datasets import it; of the package it imports nothing but the JSON encoding.
Begin with `payload`, a whole dataset, then `tables` and `columns`.
"""
