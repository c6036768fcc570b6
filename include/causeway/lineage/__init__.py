"""What came of what: from raw data to the live endpoint, and back.

`records` are what happened, as the governance account keeps it; `index` makes the graph of them,
`graph` walks it; `questions` is the Python API, `tables` its answers as rows, `picture` a part of
the graph to look at.
"""
