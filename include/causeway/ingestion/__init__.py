"""Ingestion: a file read in chunks, checked column by column, and made ready to be written.

A raw file: `files` reads it whatever its form (`scan`, `text_table`, `tables`, `layouts`,
`unpacking`), `raw_data` checks it against the contract, row by row (`records`) and column by column
(`columns`). Engineered features: `bodies` encodes them for the online store, `backfill` for the
offline store. `samples` writes synthetic files.

The modules of this package import pyarrow when they are imported: tasks do that, DAG files do not.
"""
