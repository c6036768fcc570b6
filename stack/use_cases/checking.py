"""`make check-use-case`: what is wrong with a use case, a line each, then a dry training of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Final

from causeway.errors import BadInput, CausewayError, ConfigError
from causeway.ingestion.samples import script_of
from causeway.topology.accounts import Topology, load_topology
from causeway.training.jobs import training_code
from causeway.use_cases.files import load_use_cases, use_case
from causeway.use_cases.images import require_images
from causeway.use_cases.people import require_people
from causeway.use_cases.raw_sources import RawSource
from causeway.use_cases.use_case import UseCase
from stack import layout
from stack.processes import StackError
from stack.raw_files import by_source, example
from stack.use_cases.drafting import MARK, marked_lines
from stack.use_cases.dry_run import dry_run

Say = Callable[[str], None]
#: Lines that are named.
SHOWN: Final = 12


def check_use_case(name: str, csv: str | None, say: Say) -> int:
    """Say what is wrong with a use case, or train it on a part of a file; return the exit code."""
    path = layout.USE_CASES / f"{name}.yaml"
    problems = list(_problems(name))
    if problems:
        say("\n\n".join(problems))
        say(f"\n{layout.from_root(path)} has {sum(map(_count, problems))} problem(s)")
        return 1
    case = use_case(name, layout.USE_CASES)
    say(f"{layout.from_root(path)} keeps its rules")
    if left := marked_lines(path.read_text(encoding="utf-8")):
        shown = ", ".join(map(str, left[:SHOWN])) + (" …" if len(left) > SHOWN else "")
        say(f"{len(left)} lines are still marked `{MARK}`: {shown}")
    try:
        files = by_source(case, csv)
        if any(_lacks(source, files) for source in case.raw_sources):
            csv = f"'{example(case)}'" if len(case.raw_sources) > 1 else "path"
            say(f"not trained: give it a file, make check-use-case NAME={name} CSV={csv}")
            return 0
        dry_run(case, files, say)
    except (BadInput, StackError) as error:
        say(str(error))
        return 1
    return 0


def _count(problem: str) -> int:
    """Return how many lines of a message name a file; a message about none counts once."""
    return sum(".yaml: " in line for line in problem.splitlines()) or 1


def _lacks(source: RawSource, files: Mapping[str | None, str]) -> bool:
    """Tell whether there is neither a file nor a sample of a source."""
    return source.name not in files and not script_of(source.use_case, source.name).exists()


def _problems(name: str) -> Iterator[str]:
    """Yield what is wrong: the file itself, then what stands outside of it."""
    case: UseCase | None = None
    try:
        case = use_case(name, layout.USE_CASES)
    except ConfigError as error:
        yield str(error)
    topology = load_topology(layout.TOPOLOGY)
    for check in (lambda: load_use_cases(layout.USE_CASES), *_outside(case, topology)):
        try:
            check()
        except CausewayError as error:
            if case is not None or f"{name}.yaml" not in str(error):  # said already
                yield str(error)


def _outside(case: UseCase | None, topology: Topology) -> Iterator[Callable[[], object]]:
    if case is None:
        return
    yield lambda: require_people((case,), topology, layout.USE_CASES)
    yield lambda: require_images((case,), topology, layout.USE_CASES)
    for model in case.models:
        yield partial(training_code, case, model)
