"""Processes that run DAGs, and functions beside them, on a local AWS."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import leftovers
from tests.lifecycle.record import Run
from tests.local_platform import LocalPlatform

RUNNER = Path(__file__).with_name("runner.py")


@dataclass
class Runner:
    """A process that runs DAGs one after the other."""

    process: subprocess.Popen[str]
    answers: Any
    log: Path
    logged: int = 0  # how much of the log belongs to runs that ended

    def start(
        self, dag_id: str, conf: dict[str, Any] | None = None, run_id: str | None = None
    ) -> None:
        """Start a run, or start it again, and do not wait for its end."""
        self._ask({"dag_id": dag_id, "conf": conf, "run_id": run_id})

    def result(self) -> Run:
        """Wait for the end of the run that was started."""
        answer = self._answer()
        log = self.log.read_bytes()
        said, self.logged = log[self.logged :].decode(errors="replace"), len(log)
        return Run(**answer, log=said)

    def run(
        self, dag_id: str, conf: dict[str, Any] | None = None, run_id: str | None = None
    ) -> Run:
        """Run a DAG to its end, whichever it is."""
        self.start(dag_id, conf, run_id)
        return self.result()

    def call(self, function: str, *arguments: str) -> None:
        """Run a function of `outside.py` in a fork of the process."""
        self._ask({"function": function, "arguments": arguments})
        error = self._answer()["error"]
        assert error is None, f"{function}: {error}"

    def stop(self) -> None:
        """End the process at once: what it did is in the accounts and in its log."""
        self.process.kill()
        self.process.wait()
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.answers.close()

    def _ask(self, request: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        line = self.answers.readline()
        assert line, f"the runner died:\n{self.log.read_text()[-4000:]}"
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass
class Runners:
    """The processes that run DAGs in one environment."""

    platform: LocalPlatform
    started: list[Runner] = field(default_factory=list)

    def add(self) -> Runner:
        """Start another process."""
        reader, writer = os.pipe()
        log = self.platform.folder / f"runner-{len(self.started)}.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, str(RUNNER), str(writer)],
                env=self.platform.environment,
                cwd=self.platform.folder,  # MLflow keeps files beside its process
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=(writer,),
                text=True,
                start_new_session=True,
            )
        os.close(writer)
        leftovers.note_process("runner", process.pid)
        self.started.append(Runner(process, os.fdopen(reader), log))
        return self.started[-1]


@contextlib.contextmanager
def runners(platform: LocalPlatform) -> Iterator[Runners]:
    """Processes that run DAGs; they end with the context."""
    processes = Runners(platform)
    try:
        yield processes
    finally:
        for runner in processes.started:
            runner.stop()
