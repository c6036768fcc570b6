"""What the tests of this folder look at: one lifecycle, with what each of its runs did.

The walk writes it, the tests read it. Where the walk ended early, a test that looks at something
later fails with the reason of that end, and those that look at something earlier still pass.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.lifecycle.recording import Recording


@dataclass(frozen=True)
class Run:
    """What became of a run of a DAG; the tasks' states and results by task."""

    run_id: str
    state: str
    tasks: dict[str, list[str]]
    results: dict[str, Any]
    log: str


@dataclass
class Record:
    """The runs and what was observed between them, each by the name that the walk gave it."""

    runs: dict[str, Run] = field(default_factory=dict)
    observations: dict[str, Any] = field(default_factory=dict)
    recording: Recording | None = None
    failure: str = ""  # why the walk ended early

    def run(self, name: str) -> Run:
        """Return what became of a run."""
        assert name in self.runs, f"no run {name!r}: {self.failure or sorted(self.runs)}"
        return self.runs[name]

    def results(self, name: str) -> dict[str, Any]:
        """Return the results of a run that has to have succeeded."""
        run = self.run(name)
        assert run.state == "success", f"{run.tasks}\n{run.log[-6000:]}"
        return run.results

    def observed(self, name: str) -> Any:
        """Return what was observed."""
        problem = f"no observation {name!r}: {self.failure or sorted(self.observations)}"
        assert name in self.observations, problem
        return self.observations[name]

    def decisions(self) -> Recording:
        """Return what the gateway decided in the whole lifecycle."""
        assert self.recording is not None, f"the walk ended early: {self.failure}"
        return self.recording
