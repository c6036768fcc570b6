"""Entry point: `python -m stack <command> [options]`; each is a target of the Makefile."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from types import FrameType
from typing import Final

from rich.console import Console
from rich.markup import escape

from causeway.errors import CausewayError
from stack import decisions, demo, layout, use_case_decisions
from stack.processes import StackError
from stack.running import described, explained, full_disk, require_running
from stack.show import show_pending, show_stack
from stack.status import show_status
from stack.up import down, up
from stack.use_cases.checking import check_use_case
from stack.use_cases.making import draft_of_source, make_use_case

#: What a person may say of a version.
WORDS: Final = ("approve", "reject")


def main() -> int:
    """Run one command; exit code 1 with the reason when it fails, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="stack", description=__doc__)
    commands = ("up", "down", "demo", "status", "pending", *WORDS, "use-case", "check-use-case")
    parser.add_argument("command", choices=commands)
    parser.add_argument(
        "--use-case", help="the use case whose model goes to production, or to decide on"
    )
    parser.add_argument("--data", help="raw file of the use case (default: a synthetic sample)")
    parser.add_argument("--seed", type=int, help="the seed of other candidates than the use case's")
    parser.add_argument("--version", help="the version to decide on, as credit-risk/1")
    parser.add_argument("--for", dest="stage", help="test or production; a use case's stage")
    parser.add_argument("--as", dest="person", help="who decides")
    parser.add_argument("--reason", help="why")
    parser.add_argument("--name", help="the id of a use case, as churn")
    parser.add_argument("--csv", help="a data file, or source=path of each of several")
    parser.add_argument("--id", dest="id_column", help="its column of record ids")
    parser.add_argument("--time", dest="time_column", help="its column of event times")
    parser.add_argument("--label", help="its column that a model shall predict")
    parser.add_argument("--source", help="a further file of a use case that is there: its source")
    options = parser.parse_args()
    console = Console(highlight=False)
    os.umask(layout.UMASK)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if options.command == "down":
            down(console.print)
            console.print("stopped; local state cleared")
        elif options.command == "up":
            show_stack(console, up(console.print))
        elif options.command == "status":
            return 0 if show_status(_plainly(console), described()) else 1
        elif options.command == "pending":
            local = require_running()
            waiting = list(decisions.pending(local, _plainly(console)))
            show_pending(console, waiting, list(use_case_decisions.on_their_way(local)))
        elif options.command == "use-case":
            console.print(_make(options), markup=False, soft_wrap=True)
        elif options.command == "check-use-case":
            return check_use_case(_name(options), options.csv, _plainly(console))
        elif options.command in WORDS:
            console.print(_decide(options))
        else:
            return demo.run(
                console,
                use_case_id=options.use_case or "credit_risk",
                data=options.data,
                seed=options.seed,
            )
    except (StackError, CausewayError) as error:
        console.print(f"[bold red]failed:[/] {escape(str(error))}", soft_wrap=True)
        if full := full_disk():
            console.print(full, markup=False)
        return 1
    except KeyboardInterrupt:
        console.print("\ninterrupted")
        return 130
    except Exception as error:
        words = explained(error)
        if words is None:
            raise
        console.print(f"[bold red]failed:[/] {escape(words)}", soft_wrap=True)
        return 1
    return 0


def _make(options: argparse.Namespace) -> str:
    if not options.name or not options.csv:
        raise StackError("make use-case needs NAME and CSV: make use-case NAME=churn CSV=churn.csv")
    columns = {
        "id_column": options.id_column,
        "time_column": options.time_column,
        "label": options.label,
    }
    if options.source:
        return draft_of_source(options.name, options.csv, options.source, **columns)
    return make_use_case(options.name, options.csv, **columns)


def _name(options: argparse.Namespace) -> str:
    if not options.name:
        raise StackError("make check-use-case needs NAME: make check-use-case NAME=churn")
    return str(options.name)


def _plainly(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(line, markup=False, soft_wrap=True)


def _decide(options: argparse.Namespace) -> str:
    about = {"USE_CASE": options.use_case} if options.use_case else {"VERSION": options.version}
    variables = about | {
        "FOR": options.stage,
        "AS": options.person,
        "REASON": options.reason,
    }
    if missing := [name for name, value in variables.items() if not value]:
        raise StackError(f"make {options.command} needs {', '.join(missing)}; see make pending")
    if options.use_case:
        if options.version:
            raise StackError("USE_CASE and VERSION: name one of them")
        return use_case_decisions.decide(
            require_running(),
            options.use_case,
            options.stage,
            options.person,
            options.reason,
            approve=options.command == "approve",
        )
    if options.stage not in ("test", "production"):
        raise StackError(f"FOR={options.stage}: use test or production")
    return decisions.decide(
        require_running(),
        options.version,
        options.stage,
        options.person,
        options.reason,
        approve=options.command == "approve",
    )


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
