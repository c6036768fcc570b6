"""F1: the memory of a backfill of ten million rows, generated, written offline only."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.perf.figures import Figure
from tests.perf.ingest_table import write_table
from tests.perf.ingestion import PEER_ROWS, Server, busy

#: A tenth first: it shows whether memory grows with the rows.
ROWS = (1_000_000, 10_000_000)
LIMIT_MIB = 1024


def measure() -> Figure:
    """Generate a table of a use case's schema at two sizes and ingest it in one process."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        server = Server(stack, folder, "near", 0.0, write_table(folder / "first", PEER_ROWS[-1]))
        spent = {}
        for rows in ROWS:
            path = folder / "table"
            # In a process of its own: its peak memory is then known.
            command = (sys.executable, "-m", __name__, str(path), str(rows))
            made = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            spent[rows] = server.ours(path, rows, "offline") | {"mb": path.stat().st_size / 1e6}
    few, many = (spent[rows] for rows in ROWS)
    return Figure(
        ours=round(many["mib"]),
        unit="MiB, peak memory of the process",
        goal=f"< {LIMIT_MIB} MiB",
        met=many["mib"] < LIMIT_MIB,
        note=f"{ROWS[1]} rows, {many['mb']:.0f} MB of text, in {many['seconds']:.1f} s wall and "
        f"{many['cpu']:.1f} s CPU; {ROWS[0]} rows: {few['mib']:.0f} MiB, {few['seconds']:.1f} s; "
        f"the generator {float(made.stdout):.0f} MiB; {busy()}",
    )


if __name__ == "__main__":
    write_table(Path(sys.argv[1]), int(sys.argv[2]))
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}")
