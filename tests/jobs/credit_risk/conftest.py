"""The scripts as they run in a container: each a process of the jobs' interpreter."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pyarrow.parquet
import pytest

from causeway.config import UseCase, use_case
from causeway.datasets import join_groups, latest_records, preprocess_document
from causeway.features import contract_document, group_file

REPOSITORY = Path(__file__).resolve().parents[3]
SCRIPTS = REPOSITORY / "include" / "jobs" / "credit_risk"
PYTHON = Path(os.environ.get("LOCALAWS_JOBS_PYTHON") or REPOSITORY / ".venv-jobs/bin/python")


def run(script: str, *arguments: object, **variables: object) -> str:
    """Run a script with nothing of this environment; return its output."""
    done = subprocess.run(
        [str(PYTHON), str(SCRIPTS / script), *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin", **{name: str(value) for name, value in variables.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ScriptError(done.stderr)
    return done.stdout


class ScriptError(Exception):
    """A script ended badly; the text is its error output."""


@dataclass(frozen=True)
class Chain:
    """The folders that the scripts leave behind, one after the other, on a synthetic sample."""

    root: Path
    case: UseCase

    def folder(self, name: str) -> Path:
        found = self.root / name
        found.mkdir(exist_ok=True)
        return found

    def contract(self) -> Path:
        path = self.folder("contract") / "contract.json"
        path.write_text(json.dumps(contract_document(self.case)))
        return path.parent

    def document(self) -> Path:
        path = self.folder("document") / "contract.json"
        path.write_text(json.dumps(preprocess_document(self.case, self.case.models[0])))
        return path.parent

    def engineer(self) -> Path:
        raw = self.folder("raw") / "credit.asc"
        run("sample.py", "--seed", 0, "--rows", 1000, "--output", raw)
        run(
            *("features.py", "--raw", raw.parent, "--contract", self.contract()),
            *("--output", self.root / "features"),
        )
        return self.root / "features"

    def join(self, features: Path) -> Path:
        """Join the groups as the training DAG does."""
        tables = {
            group.name: latest_records(
                group, pyarrow.parquet.read_table(features / group_file(self.case, group))
            )
            for group in self.case.feature_groups
        }
        folder = self.folder("dataset")
        pyarrow.parquet.write_table(join_groups(self.case, tables), folder / "dataset.parquet")
        return folder

    def preprocess(self, dataset: Path) -> Path:
        run(
            *("preprocess.py", "--dataset", dataset, "--contract", self.document()),
            *("--output", self.root / "parts"),
        )
        return self.root / "parts"

    def train(self, name: str = "model", *arguments: object) -> Path:
        place = self.folder(name)
        log = run(
            *("train.py", *arguments),
            SM_CHANNEL_TRAIN=self.root / "parts" / "train",
            SM_CHANNEL_VALIDATION=self.root / "parts" / "validation",
            SM_MODEL_DIR=place / "model",
            SM_OUTPUT_DATA_DIR=place / "output",
        )
        (place / "log.txt").write_text(log)
        return place


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """The whole chain up to a model trained with the published parameters."""
    made = Chain(tmp_path_factory.mktemp("credit-risk"), use_case("credit_risk"))
    made.preprocess(made.join(made.engineer()))
    made.train()
    return made


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import a script into this process, its neighbours importable as in a container."""
    monkeypatch.syspath_prepend(str(SCRIPTS))
    names = {path.stem for path in SCRIPTS.glob("*.py")}
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)
