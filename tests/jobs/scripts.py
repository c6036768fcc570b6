"""The scripts as they run in a container: each a process of the jobs' interpreter.

A container has the scripts of a use case and the shared ones in one folder; so has `staged`.
"""

from __future__ import annotations

import atexit
import importlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pyarrow.parquet
import pytest

from causeway.datasets.datasets import evaluation_document, preprocess_document
from causeway.features.groups import contract_document, group_file
from causeway.ingestion import samples
from causeway.ingestion.raw_data import validate_raw
from causeway.topology.accounts import load_topology
from causeway.training.candidates import candidates
from causeway.training.jobs import read_code
from causeway.use_cases.files import use_case
from causeway.use_cases.use_case import UseCase
from localaws.sagemaker.machine.images import environment_of

REPOSITORY = Path(__file__).resolve().parents[2]

Load = Callable[[str], ModuleType]


_staged: dict[str, Path] = {}


def staged(scripts: str) -> Path:
    """Return a folder with the scripts as a job finds them; each content has one."""
    code = read_code(scripts)
    if code.digest not in _staged:
        folder = Path(tempfile.mkdtemp(prefix=f"{scripts}-scripts-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name, body in code.files.items():
            (folder / name).write_bytes(body)
        _staged[code.digest] = folder
    return _staged[code.digest]


def run(case: UseCase, script: str, *arguments: object, **variables: object) -> str:
    """Run a script in the environment of its image, with nothing of this one; return its output."""
    done = subprocess.run(
        [
            str(interpreter(case, script)),
            str(staged(case.scripts_of(case.models[0])) / script),
            *map(str, arguments),
        ],
        env={"PATH": "/usr/bin:/bin", **{name: str(value) for name, value in variables.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ScriptError(done.stderr)
    return done.stdout


def interpreter(case: UseCase, script: str) -> Path:
    """Return the interpreter that stands in for the image that a script runs in."""
    training = case.models[0].training.image
    image = training if script == "train.py" else case.runs_on(script).image
    return environment_of(load_topology().image(image)).python


class ScriptError(Exception):
    """A script ended badly; the text is its error output."""


@dataclass(frozen=True)
class Chain:
    """The folders that the scripts leave behind, one after the other, on a synthetic sample."""

    root: Path
    case: UseCase
    raw_file: str

    def run(self, script: str, *arguments: object, **variables: object) -> str:
        return run(self.case, script, *arguments, **variables)

    def folder(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(exist_ok=True)
        return path

    def contract(self) -> Path:
        path = self.folder("contract") / "contract.json"
        path.write_text(json.dumps(contract_document(self.case.raw_source())))
        return path.parent

    def document(self) -> Path:
        path = self.folder("document") / "contract.json"
        path.write_text(json.dumps(preprocess_document(self.case, self.case.models[0])))
        return path.parent

    def evaluation(self) -> Path:
        path = self.folder("evaluation") / "contract.json"
        path.write_text(json.dumps(evaluation_document(self.case, self.case.models[0])))
        return path.parent

    def engineer(self) -> Path:
        raw = self.folder("raw") / self.raw_file
        samples.write(self.case.id, 1000, 0, raw)
        rows = self.folder("rows") / "rows.parquet"
        validate_raw(raw, self.case.raw_source(), rows_to=rows)
        self.run(
            *("features.py", "--rows", rows.parent, "--contract", self.contract()),
            *("--output", self.root / "features"),
        )
        return self.root / "features"

    def join(self, features: Path) -> Path:
        """Join the groups, whose records are each there once."""
        tables = [
            pyarrow.parquet.read_table(features / group_file(self.case.id, group))
            for group in self.case.feature_groups
        ]
        folder = self.folder("dataset")
        pyarrow.parquet.write_table(joined(tables), folder / "dataset.parquet")
        return folder

    def preprocess(self, dataset: Path) -> Path:
        self.run(
            *("preprocess.py", "--dataset", dataset, "--contract", self.document()),
            *("--output", self.root / "parts"),
        )
        return self.root / "parts"

    def train(self, name: str = "model", *arguments: object) -> Path:
        """Train the model's first candidate; arguments take precedence."""
        folder = self.folder(name)
        parameters = candidates(self.case.models[0])[0].hyperparameters
        hyperparameters = [
            part for key, value in parameters.items() for part in (f"--{key}", value)
        ]
        log = self.run(
            *("train.py", *hyperparameters, *arguments),
            SM_CHANNEL_TRAIN=self.root / "parts" / "train",
            SM_CHANNEL_VALIDATION=self.root / "parts" / "validation",
            SM_MODEL_DIR=folder / "model",
            SM_OUTPUT_DATA_DIR=folder / "output",
        )
        (folder / "log.txt").write_text(log)
        return folder


def joined(tables: list[pyarrow.Table]) -> pyarrow.Table:
    """Return the features of all tables, which hold the same records, without times and lines."""
    first, *others = [table.drop_columns(["event_time", "_line"]) for table in tables]
    for table in others:
        first = first.join(table, "record_id", join_type="inner")
    return first.sort_by("record_id").combine_chunks()


def made_chain(root: Path, use_case_id: str, raw_file: str) -> Chain:
    """Return the whole chain up to a trained model."""
    chain = Chain(root, use_case(use_case_id), raw_file)
    chain.preprocess(chain.join(chain.engineer()))
    chain.train()
    return chain


def importing(monkeypatch: pytest.MonkeyPatch, scripts: str = "boosted_trees") -> Iterator[Load]:
    """Import scripts into this process, their neighbours importable as in a container."""
    folder = staged(scripts)
    monkeypatch.syspath_prepend(str(folder))
    names = {path.stem for path in folder.glob("*.py")}
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield importlib.import_module
    for name in names:
        sys.modules.pop(name, None)
