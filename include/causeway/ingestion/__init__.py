"""Ingestion: a file read in chunks, checked column by column, and made ready to be written.

A raw file is read here and nowhere else, by the rules that its contract declares
(`use_cases.file_formats`). `files` opens it whatever its form: `scan` and `decoding` look at bytes,
`text_table` and `text_rows` read text, `layouts` says which column is what, `unpacking` takes a
published file out of its archive. `raw_data` checks it against the contract, row by row (`records`)
and column by column (`columns`, `cells`, `times`), and writes its rows for the feature-engineering
job (`validated_rows`). Engineered features: `bodies` encodes them for the online store, `backfill`
for the offline store. `samples` writes synthetic files.

The modules of this package import pyarrow when they are imported: tasks do that, DAG files do not.
"""
