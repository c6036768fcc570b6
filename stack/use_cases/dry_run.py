"""A training without AWS: the real job scripts, in the environments of their images, on a few rows.

`joining` does what Athena does between the jobs. A model whose dataset has a table of the
consumer's own, or groups of another use case, is not tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from causeway.datasets.datasets import evaluation_document, preprocess_document
from causeway.features.groups import contract_document
from causeway.gates.judges import evaluate
from causeway.ingestion import samples
from causeway.ingestion.raw_data import validate_raw
from causeway.topology.accounts import load_topology
from causeway.training.candidates import candidates
from causeway.training.jobs import read_code, training_code
from causeway.use_cases.gate_specs import SampleGate, SourceGate
from causeway.use_cases.raw_sources import RawSource
from causeway.use_cases.use_case import ModelSpec, UseCase
from stack import layout
from stack.processes import StackError
from stack.raw_files import example, require_file
from stack.use_cases.joining import dataset_of

ENGINEERING: Final = "features.py"
#: So many rows are trained on; the contract is checked on all.
ROWS: Final = 2000
SAMPLE_ROWS: Final = 1000
IMAGES: Final = layout.ROOT / "include" / "localaws" / "sagemaker" / "machine" / "images.yaml"


def dry_run(case: UseCase, files: Mapping[str | None, str], say: Any) -> None:
    """Check whole files against their contracts, and train on some rows.

    `files` are the raw files by source; of a source without one a sample is taken. Where there is
    none, the models that read that source are not trained.

    Raises:
        BadInput: a file breaks its contract.
        StackError: there is no such file, or a script fails.
    """
    with tempfile.TemporaryDirectory(prefix="causeway-dry-run-") as name:
        root = Path(name)
        rows = {}
        for source in case.raw_sources:
            path = _file(source, files, root)
            if path is None:
                say(f"{source}: not checked: no file is named, and it has no sample")
            else:
                rows[source.name] = _checked(case, source, path, root, say)
        for model in case.models:
            began = time.monotonic()
            reason = _untried(case, model, rows)
            if reason:
                say(f"{model.name}: not trained: {reason}")
                continue
            rehearsal = _Rehearsal(root / "models" / model.name, case, model)
            rehearsal.play(rows, partial(_say_of, model, say))
            say(f"{model.name}: trained in {time.monotonic() - began:.0f} s; nothing was stored")


def _say_of(model: ModelSpec, say: Any, line: str) -> None:
    say(f"{model.name}: {line}")


def _file(source: RawSource, files: Mapping[str | None, str], root: Path) -> Path | None:
    """Return the file of a source, or of its sample; None where there is neither."""
    if source.name in files:
        raw = Path(files[source.name]).expanduser()
        require_file(raw, "CSV")
        return raw
    if not samples.script_of(source.use_case, source.name).exists():
        return None
    about = source.name, source.data.format.encoding
    return samples.write(source.use_case, SAMPLE_ROWS, 0, root / _sample(source), *about)


def _checked(case: UseCase, source: RawSource, raw: Path, root: Path, say: Any) -> Path:
    """Check the file of a source and return the file of its rows."""
    rows = _folder(root, f"rows-{source.name or 'data'}") / "rows.parquet"
    checked = validate_raw(raw, source, file=raw.name, rows_to=rows, sources=case.raw_sources)
    say(f"{raw.name}: all of its {checked.rows} rows keep the contract")
    return rows


def _sample(source: RawSource) -> str:
    return f"sample of {source.name}" if source.name else "sample"


def _untried(case: UseCase, model: ModelSpec, rows: Mapping[str | None, Path]) -> str | None:
    """Say why a model is not tried, or None."""
    if model.dataset.table is not None:
        return "its dataset has a table of the consumer's own"
    own = {group.name for group in case.feature_groups}
    names = {j.group for j in model.dataset.joined(case.feature_groups)}
    if others := sorted(names - own):
        return f"its dataset has groups of other use cases: {', '.join(others)}"
    read = [source for source in case.raw_sources if names & {g.name for g in source.groups}]
    if any(source.name not in rows for source in read):
        csv = f"'{example(case)}'" if len(case.raw_sources) > 1 else "path"
        return f"give it a file, make check-use-case NAME={case.id} CSV={csv}"
    return None


def _thinned(rows: pa.Table, model: ModelSpec) -> pa.Table:
    """Return `ROWS` rows, evenly drawn; of a rare class more than its share."""
    if rows.num_rows <= ROWS:
        return rows
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
    return rows.take(pa.array(sorted(sample)))


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

    def play(self, rows: Mapping[str | None, Path], say: Callable[[str], None]) -> None:
        """Run the jobs on validated rows, by source; say what came out, in lines for people."""
        scripts = _folder(self.root, "code")
        engineering = read_code(self.case.id).files
        for name, body in {**engineering, **training_code(self.case, self.model).files}.items():
            (scripts / name).write_bytes(body)
        (scripts / ENGINEERING).write_bytes(engineering[ENGINEERING])
        self._engineer(rows)
        path = _folder(self.root, "dataset") / "dataset.parquet"
        pq.write_table(dataset_of(self.case, self.model, self.root / "features", say), path)
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
        part = any(pq.read_metadata(path).num_rows > ROWS for path in rows.values())
        for line in self._result(parts, part=part):
            say(line)

    def _engineer(self, rows: Mapping[str | None, Path]) -> None:
        """Make the features of each source that the model reads; of its own rows, of a part."""
        names = [joined.group for joined in self.model.dataset.joined(self.case.feature_groups)]
        for source in self.case.raw_sources:
            groups = {group.name for group in source.groups}
            if not groups & set(names):
                continue
            folder = _folder(self.root, f"rows-{source.name or 'data'}")
            table = pq.read_table(rows[source.name])
            table = _thinned(table, self.model) if names[0] in groups else table
            pq.write_table(table, folder / "rows.parquet")
            document = self._document(contract_document(source))
            self._run(ENGINEERING, rows=folder, contract=document)

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

    def _result(self, parts: Path, *, part: bool) -> list[str]:
        counted = json.loads((parts / "summary.json").read_text())["rows"]
        evaluation = json.loads((self.root / "evaluate" / "evaluation.json").read_text())
        # Where its rows come from is known once they are in feature groups.
        # The bounds of a sample are for the whole file: a part holds fewer rows out.
        unjudged = (SourceGate, SampleGate) if part else (SourceGate,)
        gates = [gate for gate in self.model.gates if not isinstance(gate, unjudged)]
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
            *(f"gate, on {'a part of the' if part else 'the'} rows: {r}" for r in report.results),
            *(
                [
                    f"figures and gates are of {ROWS} rows or so, and may be others of the whole "
                    "file; a gate of kind sample is not judged on a part"
                ]
                if part
                else []
            ),
            *(
                ["a gate that does not pass is no mistake here: the exit code stays 0"]
                if any(result.blocks for result in report.results)
                else []
            ),
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
