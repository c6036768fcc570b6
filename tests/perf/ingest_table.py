"""A generated table of 20 columns of the credit data, as large as wanted."""

from __future__ import annotations

import runpy
from pathlib import Path

from causeway.config import use_case
from causeway.jobs import JOBS_DIR

#: Rows that are generated; a larger table repeats them (its records are told apart by their line).
BLOCK = 10_000
FEATURES = use_case("credit_risk").data.columns[:20]


def write_table(path: Path, rows: int, seed: int = 1) -> Path:
    """Write the first `rows` rows of the table, with its header, and return the path."""
    sample = runpy.run_path(str(JOBS_DIR / "credit_risk" / "sample.py"))
    header, *lines = sample["generate"](BLOCK, seed).splitlines()
    width = len(FEATURES)
    lines = [" ".join(line.split(" ")[:width]) + "\n" for line in lines]
    block = "".join(lines)
    with path.open("w") as out:
        out.write(" ".join(header.split(" ")[:width]) + "\n")
        for _ in range(rows // BLOCK):
            out.write(block)
        out.writelines(lines[: rows % BLOCK])
    return path
