"""Athena: data catalogues, workgroups and queries, which DuckDB answers over Parquet in S3."""
