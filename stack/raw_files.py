"""The raw files that a person names for a use case: one, or one for each of its sources."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from causeway.use_cases.raw_sources import EVERY_SOURCE
from causeway.use_cases.use_case import UseCase
from stack.processes import StackError

#: Words that stand for a file of every source.
FOR_ALL: Final = ("sample", "published")


def by_source(case: UseCase, words: str | None) -> dict[str | None, str]:
    """Return the file that is named of each raw source: `customers=a.csv orders=b.tsv` of several.

    Raises:
        StackError: a source is no source of the use case, or stands twice.
    """
    if not words:
        return {}
    sources = [source.name for source in case.raw_sources]
    if len(sources) == 1:
        return {sources[0]: words}
    files: dict[str | None, str] = {}
    for word in shlex.split(words):
        name, equals, file = word.partition("=")
        if equals and name not in sources:
            raise StackError(
                f"{word}: use case {case.id} has no source {name!r}; allowed: "
                f"{', '.join(map(str, sources))}"
            )
        if not equals or name in files:
            raise StackError(
                f"{word}: use case {case.id} has several raw files: name each with its source, "
                f"once, as in '{example(case)}'"
            )
        files[name] = file
    return files


def require_file(path: Path, variable: str) -> None:
    """Refuse what is no file.

    Raises:
        StackError: naming the variable of `make`.
    """
    if not path.is_file():
        what = "it is a folder, name a file" if path.is_dir() else "there is no such file"
        raise StackError(f"{variable}={path}: {what}")


def deliveries(case: UseCase, words: str | None) -> list[dict[str, str]]:
    """Return the conf of each run of the features DAG that brings in what is named, or samples."""
    words = words or "sample"
    if len(case.raw_sources) == 1:
        return [{"data": words}]
    if words in FOR_ALL:
        return [{"source": EVERY_SOURCE, "data": words}]
    return [{"source": str(name), "data": file} for name, file in by_source(case, words).items()]


def example(case: UseCase) -> str:
    """Return how the raw files of a use case are named: `path`, or a path for each source."""
    names = [source.name for source in case.raw_sources]
    return "path" if len(names) == 1 else " ".join(f"{name}=path" for name in names)
