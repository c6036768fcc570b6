"""The right to erasure.

`erasures` holds what is known of each erasure, and the report; `offline_rows` finds a record in a
Parquet object and returns the rest without it.
"""
