"""A local AWS that fails on demand, and operators that run in processes which may be killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from causeway.use_cases.use_case import USE_CASES_DIR
from tests import leftovers
from tests.local_platform import LocalPlatform, local_platform

WORKER = Path(__file__).with_name("worker.py")
FULL = os.environ.get("CAUSEWAY_DEPTH") == "full"
#: `make test` kills a task once, after the first call of each effect; `make soak`
#: (CAUSEWAY_DEPTH=full) up to three times after each of the first six calls.
CALLS = range(1, 7) if FULL else range(1, 2)
DEATHS = 3 if FULL else 1


@dataclass(frozen=True)
class Step:
    """A task: the operator and its arguments."""

    operator: str
    arguments: dict[str, Any] = field(default_factory=dict)
    run_id: str = "run-1"


@dataclass
class Chaos:
    """The platform, the process that forks tasks, and how often each effect killed one."""

    platform: LocalPlatform
    process: subprocess.Popen[str]
    answers: Any
    log: Path
    deaths: Counter[str] = field(default_factory=Counter)

    # ------------------------------------------------------------ tasks
    def run(self, step: Step) -> dict[str, Any]:
        """Run a task once and say what came of it."""
        assert self.process.stdin is not None
        asked = {
            "operator": f"causeway_airflow.operators.{step.operator}",
            "arguments": step.arguments,
            "run_id": step.run_id,
        }
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        line = self.answers.readline()
        assert line, f"the worker died:\n{self.log.read_text()[-4000:]}"
        found: dict[str, Any] = json.loads(line)
        return found

    def succeed(self, step: Step) -> Any:
        """Run a task that has to succeed and return its result."""
        found = self.run(step)
        assert found["state"] == "returned", f"{found}\n{self.log.read_text()[-4000:]}"
        return found["result"]

    def retried(self, step: Step, attempts: int = 8) -> Any:
        """Run a task as Airflow does: again while it may be, and never after a final failure."""
        found: dict[str, Any] = {}
        for _ in range(attempts):
            found = self.run(step)
            if found["state"] == "returned":
                return found["result"]
            assert found["state"] == "killed" or found["retry"], found
        raise AssertionError(f"{step.operator} did not succeed in {attempts} attempts: {found}")

    def survive(self, step: Step, effects: Sequence[str]) -> Any:
        """Kill the task after the n-th call of each effect, then run it to its end; the result."""
        for call in CALLS:
            # First calls first: a second call of one effect may come after all the others.
            for effect in effects:
                self.kill(step, effect, call)
        return self.succeed(step)

    def kill(self, step: Step, effect: str, call: int, deaths: int = DEATHS) -> None:
        """Kill the task after the n-th call of an effect, unless it has no such call any more."""
        for _ in range(deaths):
            self.fault(effect, "die_after", n=call)
            found = self.run(step)
            self.clear()
            if found["state"] != "killed":  # it has no such call any more
                assert found["state"] == "returned", (effect, call, found)
                return
            self.deaths[effect] += 1

    # ------------------------------------------------------------ faults
    def fault(self, operation: str, kind: str, **more: Any) -> None:
        """Put a fault in force."""
        self.platform.faults("POST", {"operation": operation, "kind": kind, **more})

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults in force and how often they fired."""
        found: list[dict[str, Any]] = self.platform.faults("GET")["faults"]
        return found

    def clear(self) -> None:
        """Take all faults out of force."""
        self.platform.faults("DELETE")


def small_use_case(folder: Path) -> Path:
    """Write the one use case of these tests and return its folder: credit risk in small.

    One, because what is made once is counted here; small, because a killed task is run again many
    times and how good its model is matters to nobody.
    """
    document = yaml.safe_load((USE_CASES_DIR / "credit_risk.yaml").read_text())
    training = document["models"][0]["training"]
    training["candidates"] = [{"max_depth": 2, "eta": 0.3}]
    training["hyperparameters"] |= {"num_boost_round": 2}
    training["repeated_splits"] = 0
    allowed = {"kind": "source", "synthetic": "allow"}
    document["models"][0]["gates"] = [{"metric": "auc", "min": 0.01}, allowed]
    cases = folder / "use_cases"
    cases.mkdir()
    (cases / "credit_risk.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return cases


@pytest.fixture(scope="module")
def chaos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chaos]:
    """A platform of the module's own, with all stacks and model groups in place."""
    with local_platform(tmp_path_factory.mktemp("chaos")) as platform:
        platform.environment["CAUSEWAY_USE_CASES"] = str(small_use_case(platform.folder))
        reader, writer = os.pipe()
        log = platform.folder / "worker.log"
        with log.open("w") as out:
            process = subprocess.Popen(
                [sys.executable, str(WORKER), str(writer)],
                env=platform.environment,
                cwd=platform.folder,
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.STDOUT,
                pass_fds=(writer,),
                text=True,
                start_new_session=True,
            )
        os.close(writer)
        leftovers.note_process("worker", process.pid)
        with os.fdopen(reader) as answers:
            found = Chaos(platform, process, answers, log)
            try:
                found.succeed(Step("platform:EnsureModelGroupsOperator"))
                yield found
            finally:
                assert process.stdin is not None
                process.stdin.close()
                process.wait(20)
