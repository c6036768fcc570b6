"""Ingestion: a file read in chunks, checked column by column, and made ready to be written.

The modules of this package import pyarrow when they are imported: tasks do that, DAG files do not.
"""
