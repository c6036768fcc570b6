"""`make check-use-case`: what is wrong with a use case, a line each, then a dry training of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from causeway.documents import MistakesError
from causeway.errors import BadInput, CausewayError, ConfigError
from causeway.topology.accounts import load_topology
from causeway.training.jobs import training_code
from causeway.use_cases.files import first_line, use_case_among
from causeway.use_cases.images import require_images
from causeway.use_cases.people import require_people
from causeway.use_cases.use_case import UseCase
from stack import layout
from stack.processes import StackError
from stack.raw_files import by_source
from stack.use_cases.drafting import MARK, marked_lines
from stack.use_cases.dry_run import dry_run

Say = Callable[[str], None]
#: Lines that are named.
SHOWN: Final = 12


def check_use_case(name: str, csv: str | None, say: Say) -> int:
    """Say what is wrong with a use case, or train it on a part of a file; return the exit code."""
    path = layout.USE_CASES / f"{name}.yaml"
    case, problems = _examined(name, say)
    if problems or case is None:
        say("\n\n".join(map(str, problems)))
        count = sum(_count(problem.what) for problem in problems)
        say(f"\n{layout.from_root(path)} has {count} problem(s)")
        return 1
    say(f"{layout.from_root(path)} keeps its rules")
    if left := marked_lines(path.read_text(encoding="utf-8")):
        shown = ", ".join(map(str, left[:SHOWN])) + (" …" if len(left) > SHOWN else "")
        say(f"{len(left)} lines are still marked `{MARK}`: {shown}")
    try:
        dry_run(case, by_source(case, csv), say)
    except (BadInput, StackError) as error:
        say(str(error))
        return 1
    return 0


def _count(problem: str) -> int:
    """Return how many lines of a message name a file; a message about none counts once."""
    return sum(".yaml: " in line for line in problem.splitlines()) or 1


def _examined(name: str, say: Say) -> tuple[UseCase | None, list[CausewayError]]:
    """Return a use case, as it was likely meant where it is wrong, and all that is wrong with it.

    What is wrong with others beside it is said in a line each.
    """
    case: UseCase | None = None
    problems: list[CausewayError] = []
    topology = load_topology(layout.TOPOLOGY)
    try:
        case, faults = use_case_among(name, layout.USE_CASES)
        for fault in faults:
            say(f"another use case is wrong: {first_line(fault)}")
    except MistakesError as error:
        case, problems = error.likely, [error]
    except ConfigError as error:
        problems = [error]
    if case is None:
        return None, problems
    checks: list[Callable[[], object]] = [
        lambda: require_people((case,), topology, layout.USE_CASES),
        lambda: require_images((case,), topology, layout.USE_CASES),
    ]
    if not problems:  # what its scripts are is known
        checks += [partial(training_code, case, model) for model in case.models]
    for check in checks:
        try:
            check()
        except CausewayError as error:
            problems.append(error)
    return case, problems
