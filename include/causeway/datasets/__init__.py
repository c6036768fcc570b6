"""Datasets: the table that a model declares, from its query to its digest.

`query` writes the SQL: point in time, latest, rows without a record. `datasets` turns a declaration
into that query, and its answer into digest and documents.
"""
