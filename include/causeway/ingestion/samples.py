"""Synthetic raw files: invented rows with the schema of a use case's data, as many as wanted.

A use case's `sample.py` (beside its job scripts, run by none) knows `HEADER` and one `row`; here
they become a file. Where a use case has several sources, each has a `sample_<source>.py`. The same
seed gives the same bytes on every machine. Rows are made one by one up to `DISTINCT`; a larger file
goes on with draws from those, so that ten million take seconds and no memory. Where rows have an id
of their own, the module has `numbered_row` instead, which gets the number of the row, from 1: all
of them are made one by one.

    python -m causeway.ingestion.samples credit_risk --rows 10000000 --seed 1 --output credit.asc
    python -m causeway.ingestion.samples credit_risk --rows 10000000 | aws s3 cp - s3://bucket/credit.asc
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from causeway.errors import ConfigError
from causeway.use_cases.use_case import JOBS_DIR

#: Rows that are made one by one; further ones are drawn from them.
DISTINCT: Final = 20_000


def script_of(use_case: str, source: str | None = None) -> Path:
    """Return where the sample of a use case, or of one of its several sources, is to be."""
    return JOBS_DIR / use_case / (f"sample_{source}.py" if source else "sample.py")


def lines(use_case: str, rows: int, seed: int, source: str | None = None) -> Iterator[str]:
    """Yield the header and `rows` lines of a sample, without line ends.

    Raises:
        ConfigError: there is no sample.
    """
    sample = _sample(use_case, source)
    random_ = random.Random(seed)  # noqa: S311 - reproducible rows are the point; nothing secret
    yield sample.HEADER
    if numbered_row := getattr(sample, "numbered_row", None):
        yield from (numbered_row(random_, number) for number in range(1, rows + 1))
        return
    pool: list[str] = []
    for _ in range(min(rows, DISTINCT)):
        pool.append(sample.row(random_))
        yield pool[-1]
    for start in range(DISTINCT, rows, DISTINCT):
        yield from random_.choices(pool, k=min(DISTINCT, rows - start))


def text(use_case: str, rows: int, seed: int) -> str:
    """Return a sample as one text, its last line ended, too."""
    return "\n".join([*lines(use_case, rows, seed), ""])


def write(
    use_case: str,
    rows: int,
    seed: int,
    path: Path,
    source: str | None = None,
    encoding: str = "utf-8",
) -> Path:
    """Write a sample to a file, some lines at a time, and return its path."""
    with path.open("w", encoding=encoding, newline="\n") as out:
        content = lines(use_case, rows, seed, source)
        while part := list(itertools.islice(content, DISTINCT)):
            out.write("\n".join([*part, ""]))
    return path


def _sample(use_case: str, source: str | None) -> ModuleType:
    path = script_of(use_case, source)
    spec = importlib.util.spec_from_file_location(f"causeway_sample_{use_case}", path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigError(
            f"use case {use_case} has no synthetic sample" + (f" of {source}" if source else ""),
            next_step=f"Name a raw file in the parameter `data`, or add {path}.",
        )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(argv: Sequence[str] | None = None) -> None:
    """Read the command line and write the sample."""
    parser = argparse.ArgumentParser(description="Write a synthetic raw file of a use case.")
    parser.add_argument("use_case")
    parser.add_argument("--source", help="of a use case with several: which")
    parser.add_argument("--encoding", default="utf-8", help="the file's, as the contract says")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, help="a file; standard output without it")
    arguments = parser.parse_args(argv)
    path = arguments.output or Path("/dev/stdout")
    try:
        about = arguments.source, arguments.encoding
        write(arguments.use_case, arguments.rows, arguments.seed, path, *about)
    except BrokenPipeError:
        sys.exit(1)  # the reader closed the pipe


if __name__ == "__main__":
    main()
