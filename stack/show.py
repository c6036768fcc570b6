"""The output on the terminal: the steps while they run, the tables at the end."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from stack.decisions import Waiting
from stack.use_case_decisions import WaitingUseCase


@dataclass
class Step:
    """One step of the demonstration: what it does, how long it took."""

    name: str
    detail: str = ""
    started: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    failed: bool = False


class Progress:
    """Shows steps as they run; on a plain output (a file, CI) prints each when it ends."""

    def __init__(self, console: Console) -> None:
        self.steps: list[Step] = []
        self._console = console
        self._spinner = Spinner("dots")

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show a step for the length of a `with` block; its `detail` may be set inside."""
        step = Step(name)
        self.steps.append(step)
        try:
            if self._console.is_terminal:
                with Live(
                    get_renderable=self._render,
                    console=self._console,
                    refresh_per_second=8,
                    transient=True,
                ):
                    yield step
            else:
                yield step
        except BaseException:
            step.failed = True
            raise
        finally:
            step.seconds = time.monotonic() - step.started
            self._console.print(_line(step))

    def _render(self) -> RenderableType:
        step = self.steps[-1]
        elapsed = time.monotonic() - step.started
        self._spinner.update(
            text=Text.assemble(
                (f" {step.name} ", "bold"), f"{elapsed:5.1f} s  ", (step.detail, "dim")
            )
        )
        return self._spinner


def _line(step: Step) -> Text:
    mark = ("✗", "bold red") if step.failed else ("✓", "green")
    return Text.assemble(
        mark, f" {step.name:<44}", (f"{step.seconds or 0:6.1f} s  ", "cyan"), (step.detail, "dim")
    )


def show_stack(console: Console, local: dict[str, Any]) -> None:
    """Print the URLs and the log-ins of a running stack."""
    table = Table(title="Causeway is running", title_justify="left", box=None)
    table.add_column("what", style="bold")
    table.add_column("where")
    table.add_row("Airflow", local["airflow"]["url"])
    for person, user in local["airflow"]["users"].items():
        table.add_row("", f"{person} ({user['role']}), password {user['password']}")
    table.add_row("MLflow", f"{local['mlflow']['url']}, with the same log-ins")
    table.add_row("local AWS", f"{local['endpoint']} ({local['region']})")
    for role, account in local["accounts"].items():
        table.add_row("", f"{account['id']}  {role}")
    table.add_row("keys", ".causeway/local.json (readable by you only)")
    console.print(table)
    console.print("`make demo` takes a model to production on it; `make down` stops it.")


def show_result(
    console: Console, result: dict[str, Any], local: dict[str, Any], *, stays: bool
) -> None:
    """Print the result of the demonstration, and the URLs when the stack stays."""
    console.print()
    stages = Table(title=f"Stages of {result['model_version_arn']}", title_justify="left")
    for column in ("stage", "status", "approved by", "metrics"):
        stages.add_column(column)
    for stage in result["stages"]:
        metrics = ", ".join(
            f"{name} {_number(v)}" for name, v in stage["metrics"].items() if isinstance(v, float)
        )
        stages.add_row(stage["stage"], stage["status"], stage["approver"] or "-", metrics or "-")
    console.print(stages)

    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    table.add_column()
    endpoint = result["endpoint"]
    table.add_row("data", result["data"])
    table.add_row("live endpoint", f"{endpoint['name']} in account {endpoint['account']} (prod)")
    table.add_row("live prediction", _prediction(result["prediction"]))
    table.add_row("time", f"{result['seconds']:.0f} s in all")
    if stays:
        table.add_row("Airflow", f"{local['airflow']['url']}  (log-ins: .causeway/local.json)")
        table.add_row("MLflow", f"{local['mlflow']['url']}  (the same log-ins)")
    table.add_row("written to", ".causeway/demo.json")
    console.print(table)


def _number(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() else f"{value:.3f}"


def _prediction(prediction: dict[str, Any]) -> str:
    said, label = prediction["words"], prediction["label_words"]
    return f"{prediction['record_id']}: {said} (the file says {label})"


def show_pending(
    console: Console, waiting: list[Waiting], use_cases: list[WaitingUseCase] | None = None
) -> None:
    """Show what waits for whom, and the command; use cases that are on their way, too."""
    for case in use_cases or ():
        so_far = f" (approved by {', '.join(case.approved_by)})" if case.approved_by else ""
        people = ", ".join(case.people) or "nobody is left"
        line = f"use case {case.use_case} is in {case.stage}; for {case.next_stage}: {people}"
        console.print(line + so_far, markup=False, soft_wrap=True)
        console.print(f"  {case.command}", markup=False, soft_wrap=True)
    if not waiting and not use_cases:
        console.print("nothing waits for a decision")
    for item in waiting:
        console.print(f"{item.version} waits for {item.stage}: {', '.join(item.people)}")
        console.print(f"  {item.command}", soft_wrap=True)
