"""A training without AWS: the real job scripts, in the environments of their images, on a few rows.

What Athena does between the jobs is here a join of the groups on id and time. A model whose dataset
has a table of the consumer's own, or groups of another use case, is not tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from causeway.datasets.datasets import evaluation_document, preprocess_document
from causeway.features.groups import contract_document, group_file
from causeway.gates.judges import evaluate
from causeway.ingestion import samples
from causeway.ingestion.raw_data import validate_raw
from causeway.topology.accounts import load_topology
from causeway.training.candidates import candidates
from causeway.training.jobs import read_code, training_code
from causeway.use_cases.dataset_specs import renamed
from causeway.use_cases.gate_specs import SourceGate
from causeway.use_cases.use_case import ModelSpec, UseCase
from stack import layout
from stack.processes import StackError

ENGINEERING: Final = "features.py"
#: So many rows are trained on; the contract is checked on all.
ROWS: Final = 2000
SAMPLE_ROWS: Final = 1000
IMAGES: Final = layout.ROOT / "include" / "localaws" / "sagemaker" / "machine" / "images.yaml"


def dry_run(case: UseCase, raw: Path | None, say: Any) -> None:
    """Check a whole file (without one: a sample) against the contract, and train on some rows.

    Raises:
        BadInput: the file breaks the contract.
        StackError: there is no such file, or a script fails.
    """
    if raw is not None and not raw.is_file():
        raise StackError(f"CSV={raw}: there is no such file")
    with tempfile.TemporaryDirectory(prefix="causeway-dry-run-") as name:
        root = Path(name)
        if raw is None:
            raw = samples.write(case.id, SAMPLE_ROWS, 0, root / "sample")
        rows = _folder(root, "rows") / "rows.parquet"
        checked = validate_raw(raw, case.raw_source(), file=raw.name, rows_to=rows)
        say(f"{raw.name}: all of its {checked.rows} rows keep the contract")
        for model in case.models:
            began = time.monotonic()
            reason = _untried(case, model)
            if reason:
                say(f"{model.name}: not trained: {reason}")
                continue
            _thin_out(rows, case, model)
            for line in _Rehearsal(root / model.name, case, model).play(rows.parent):
                say(f"{model.name}: {line}")
            say(f"{model.name}: trained in {time.monotonic() - began:.0f} s; nothing was stored")


def _untried(case: UseCase, model: ModelSpec) -> str | None:
    if model.dataset.table is not None:
        return "its dataset has a table of the consumer's own"
    own = {group.name for group in case.feature_groups}
    others = [j.group for j in model.dataset.joined(case.feature_groups) if j.group not in own]
    return f"its dataset has groups of other use cases: {', '.join(others)}" if others else None


def _thin_out(path: Path, case: UseCase, model: ModelSpec) -> None:
    """Keep `ROWS` rows, evenly drawn; of a rare class more than its share."""
    rows = pq.read_table(path)
    if rows.num_rows <= ROWS:
        return
    by_class: dict[Any, list[int]] = {}
    label = model.training.label
    labels: list[Any] = [None] * rows.num_rows
    if model.problem_type != "regression" and label in rows.column_names:
        labels = rows[label].to_pylist()
    for number, value in enumerate(labels):
        by_class.setdefault(value, []).append(number)
    sample: list[int] = []
    for numbers in by_class.values():
        count = max(len(numbers) * ROWS // rows.num_rows, min(len(numbers), ROWS // 20))
        sample += [numbers[i * len(numbers) // count] for i in range(count)]
    pq.write_table(rows.take(pa.array(sorted(sample))), path)


def _folder(root: Path, name: str) -> Path:
    path = root / name
    path.mkdir(parents=True, exist_ok=True)
    return path


@dataclass(frozen=True)
class _Rehearsal:
    """The jobs of one model, one after the other, each in a folder of its own."""

    root: Path
    case: UseCase
    model: ModelSpec

    def play(self, rows: Path) -> list[str]:
        """Run the jobs on validated rows; return what came out, in lines for people."""
        scripts = _folder(self.root, "code")
        engineering = read_code(self.case.id).files
        for name, body in {**engineering, **training_code(self.case, self.model).files}.items():
            (scripts / name).write_bytes(body)
        (scripts / ENGINEERING).write_bytes(engineering[ENGINEERING])
        contract = self._document(contract_document(self.case.raw_source()))
        self._run(ENGINEERING, rows=rows, contract=contract)
        self._dataset()
        document = self._document(preprocess_document(self.case, self.model))
        self._run("preprocess.py", dataset=self.root / "dataset", contract=document)
        self._train()
        parts = self.root / "preprocess"
        self._run(
            "evaluate.py",
            model=self.root / "model",
            test=parts / "test",
            contract=self._document(evaluation_document(self.case, self.model)),
            raw=parts / "evaluation",
        )
        return self._result(parts)

    def _dataset(self) -> None:
        """Join the groups, whose records are those of the same rows."""
        tables = []
        for joined in self.model.dataset.joined(self.case.feature_groups):
            group = self.case.group(joined.group)
            table = pq.read_table(self.root / "features" / group_file(self.case.id, group))
            keys = [group.record_identifier, group.event_time]
            names = renamed(joined, group)
            table = table.select([*keys, *names])
            tables.append(table.rename_columns([*keys, *names.values()]))
        spine, *others = tables
        keys = spine.column_names[:2]
        for table in others:
            spine = spine.join(table, keys, table.column_names[:2], join_type="inner")
        if self.model.dataset.mode == "latest":
            spine = spine.drop_columns(keys[1:])
        path = _folder(self.root, "dataset") / "dataset.parquet"
        pq.write_table(spine.combine_chunks().sort_by(keys[0]), path)

    def _train(self) -> None:
        candidate = candidates(self.model)[0]
        channels = self.root / "preprocess"
        self._script(
            "train.py",
            *(part for name, v in candidate.as_strings().items() for part in (f"--{name}", v)),
            SM_CHANNEL_TRAIN=channels / "train",
            SM_CHANNEL_VALIDATION=channels / "validation",
            SM_MODEL_DIR=_folder(self.root, "trained"),
            SM_OUTPUT_DATA_DIR=_folder(self.root, "output"),
        )
        with tarfile.open(_folder(self.root, "model") / "model.tar.gz", "w:gz") as archive:
            archive.add(self.root / "trained", arcname=".")

    def _result(self, parts: Path) -> list[str]:
        counted = json.loads((parts / "summary.json").read_text())["rows"]
        evaluation = json.loads((self.root / "evaluate" / "evaluation.json").read_text())
        # Where its rows come from is known once they are in feature groups.
        gates = [gate for gate in self.model.gates if not isinstance(gate, SourceGate)]
        report = evaluate(
            gates,
            evaluation["metrics"],
            model=self.model.name,
            artifact_sha256="",
            dataset_digest="",
            evaluation=evaluation,
        )
        measured = ", ".join(f"{name} {value:.4g}" for name, value in report.metrics.items())
        rows = ", ".join(f"{name} {number}" for name, number in counted.items())
        return [
            f"rows: {rows}",
            f"measured on the test part: {measured}",
            *(f"gate, on these rows: {result}" for result in report.results),
        ]

    def _document(self, content: Mapping[str, Any]) -> Path:
        folder = Path(tempfile.mkdtemp(dir=_folder(self.root, "documents")))
        (folder / "contract.json").write_text(json.dumps(content))
        return folder

    def _run(self, script: str, **folders: Path) -> None:
        """Run a processing script; its output is in the folder of its name."""
        output = self.root / script.removesuffix(".py")
        arguments = [part for name, path in folders.items() for part in (f"--{name}", str(path))]
        self._script(script, *arguments, "--output", str(output))

    def _script(self, script: str, *arguments: str, **variables: object) -> None:
        name = (
            self.model.training.image if script == "train.py" else self.case.runs_on(script).image
        )
        done = subprocess.run(
            [str(interpreter(load_topology(layout.TOPOLOGY).image(name))), script, *arguments],
            cwd=self.root / "code",
            env={"PATH": "/usr/bin:/bin", **{key: str(value) for key, value in variables.items()}},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines()
            raise StackError(
                f"{self.model.name}: {script} failed, as its job would:\n" + "\n".join(said[-15:])
            )


def interpreter(image: str) -> Path:
    """Return the interpreter that stands in for an image on this machine.

    Raises:
        StackError: none does.
    """
    table = yaml.safe_load(IMAGES.read_text(encoding="utf-8"))
    repository, _, tag = image.rpartition("/")[2].partition(":")
    for row in table["images"]:
        if row["repository"] == repository and tag in row["tags"]:
            environment = table["environments"][row["environment"]]
            path = Path(os.environ.get(environment["variable"], environment["python"]))
            return path if path.is_absolute() else layout.ROOT / path
    raise StackError(f"{image}: no environment of this machine stands in for it; see {IMAGES.name}")
