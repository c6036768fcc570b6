"""Entry point: `python -m stack up|down|demo [--use-case ID] [--data PATH] [--seed N]`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from types import FrameType

from rich.console import Console

from stack import demo, layout
from stack.processes import StackError
from stack.show import show_stack
from stack.up import down, running, up


def main() -> int:
    """Run one command; exit code 1 with the reason when it fails, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="stack", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "demo"))
    parser.add_argument(
        "--use-case", default="credit_risk", help="the use case whose model goes to production"
    )
    parser.add_argument("--data", help="raw file of the use case (default: a synthetic sample)")
    parser.add_argument("--seed", type=int, help="the seed of other candidates than the use case's")
    options = parser.parse_args()
    console = Console(highlight=False)
    os.umask(layout.UMASK)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        if options.command == "down":
            down(console.print)
            console.print("stopped; local state cleared")
        elif options.command == "up":
            show_stack(console, running() or up(console.print))
        else:
            return demo.run(
                console, use_case_id=options.use_case, data=options.data, seed=options.seed
            )
    except StackError as error:
        console.print(f"[bold red]failed:[/] {error}", markup=True)
        return 1
    except KeyboardInterrupt:
        console.print(f"\ninterrupted; logs were in {layout.from_root(layout.LOGS)}")
        return 130
    return 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
