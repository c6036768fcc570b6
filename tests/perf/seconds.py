"""Where the seconds of a lifecycle go: each moment of its runs, by what was at work then.

One lifecycle runs with the probe (`probe/sitecustomize.py`), which has every task's process tell
how its time was spent. Each moment is shared among the task processes that live then, and within a
process among what it did; a moment without one belongs to a job, or to Airflow between two tasks.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.perf import lifecycle
from tests.perf.figures import ROOT

RESULTS = ROOT / ".causeway" / "seconds.json"
STEP = 0.01  # seconds of a moment
KINDS = {
    "jobs": "SageMaker jobs at work, and a task that looks whether they are done",
    "aws": "calls of AWS (the local one), with what it does to answer",
    "imports": "imports in task processes",
    "airflow": "a task process speaking to Airflow: XComs, its state",
    "polling": "a task that looks again after a pause, without a job at work",
    "process": "the rest of a task process: fork, parse of its DAG file, own work, end",
    "scheduling": "no task process and no job: scheduler, triggerer, deferral and resume",
}


@dataclass(frozen=True)
class Span:
    """From when to when, in seconds since the epoch."""

    begin: float
    end: float

    def holds(self, moment: float) -> bool:
        """Tell whether a moment is in it."""
        return self.begin <= moment < self.end


@dataclass(frozen=True)
class Process:
    """A task's process: its life, and which share of it went to what."""

    span: Span
    shares: dict[str, float]


def divide(
    runs: Sequence[Span], processes: Sequence[Process], jobs: Sequence[Span]
) -> dict[str, float]:
    """Return the seconds of the runs by kind; they add up to the length of the runs."""
    seconds = dict.fromkeys(KINDS, 0.0)
    for run in runs:
        for number in range(round((run.end - run.begin) / STEP)):
            moment = run.begin + number * STEP
            living = [process for process in processes if process.span.holds(moment)]
            at_work = any(job.holds(moment) for job in jobs)
            if not living:
                seconds["jobs" if at_work else "scheduling"] += STEP
            for process in living:
                for kind, share in process.shares.items():
                    name = "jobs" if kind == "polling" and at_work else kind
                    seconds[name] += STEP * share / len(living)
    return seconds


def processes_of(folder: Path) -> list[Process]:
    """Read what the forks of the scheduler that ran a task have told."""
    names = {"aws": "aws", "imports": "imports", "supervisor": "airflow", "sleep": "polling"}
    processes = []
    for file in folder.glob("*.jsonl"):
        for line in file.read_text().splitlines():
            told = json.loads(line)
            # A worker of the executor lives as long as the stack and speaks to no supervisor.
            if "scheduler" not in told["command"] or "supervisor" not in told["counts"]:
                continue
            life = max(told["life"], STEP)
            shares = {names[kind]: spent / life for kind, spent in told["seconds"].items()}
            shares["process"] = max(0.0, 1.0 - sum(shares.values()))
            processes.append(Process(Span(told["since"], told["since"] + life), shares))
    return processes


def measure() -> dict[str, float]:
    """Run one lifecycle with the probe and keep its division in `.causeway/seconds.json`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        probe = folder / "probe"
        probe.mkdir()
        environment = os.environ | {
            "CAUSEWAY_STATE": str(folder / "state"),
            "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}:{ROOT}",
        }
        try:
            for command in ("up", "demo"):
                _stack(environment, probe, command)
            local = json.loads((folder / "state" / "local.json").read_text())
            airflow = lifecycle.sign_in(local)
            runs = [
                Span(run.start.timestamp(), run.end.timestamp())
                for dag_id in lifecycle.CHAIN
                for run in airflow.runs(dag_id)
                if run.start and run.end
            ]
            jobs = [Span(b.timestamp(), e.timestamp()) for b, e in lifecycle.job_spans(local)]
        finally:
            _stack(environment, probe, "down")
        seconds = divide(_apart(runs), processes_of(probe), jobs)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(seconds, indent=2))
    return seconds


def table() -> list[str]:
    """Return the lines of the division for docs/benchmarks.md; none when it was not measured."""
    if not RESULTS.exists():
        return []
    seconds = json.loads(RESULTS.read_text())
    whole = sum(seconds.values())
    rows = sorted(seconds.items(), key=lambda item: -item[1])
    return [
        "",
        "## Where the seconds of a lifecycle go",
        "",
        f"One lifecycle, {whole:.0f} s while its DAG runs go on; measured with a probe in every "
        "process, which itself costs some percent.",
        "",
        "| what | seconds | share |",
        "|---|---|---|",
        *(f"| {KINDS[kind]} | {spent:.1f} | {spent / whole:.0%} |" for kind, spent in rows),
    ]


def _apart(runs: list[Span]) -> list[Span]:
    """Return the runs without what two of them share: a moment is divided once."""
    apart: list[Span] = []
    for run in sorted(runs, key=lambda span: span.begin):
        begin = max(run.begin, apart[-1].end) if apart else run.begin
        if run.end > begin:
            apart.append(Span(begin, run.end))
    return apart


def _stack(environment: dict[str, str], probe: Path, command: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "tests.perf.probed_stack", str(probe), command],
        env=environment,
        cwd=ROOT,
        check=True,
        timeout=900,
        stdout=subprocess.DEVNULL,
    )


def figures() -> dict[str, Any]:
    """Measure as an entry of `make bench`; it is a table, not a figure."""
    measure()
    return {}
