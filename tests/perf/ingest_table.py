"""A generated table of 20 columns of the credit data, as large as wanted."""

from __future__ import annotations

from pathlib import Path

from causeway.ingestion import samples
from causeway.use_cases.files import use_case

FEATURES = use_case("credit_risk").data.columns[:20]


def write_table(path: Path, rows: int, seed: int = 1) -> Path:
    """Write the first `rows` rows of the table, with its header, and return the path."""
    with path.open("w") as out:
        for line in samples.lines("credit_risk", rows, seed):
            out.write(line.rpartition(" ")[0] + "\n")  # without the label, the last of 21 columns
    return path
