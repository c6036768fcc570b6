"""The shipped trees on texts, missing values, a flag, a date, and classes that have names."""

from __future__ import annotations

import csv
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from causeway.gates import judges
from causeway.gates.judges import GateVerdict
from tests.jobs import visits
from tests.jobs.scripts import Chain, Load, ScriptError, importing


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    yield from importing(monkeypatch, "boosted_trees")


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    case = visits.case_of(visits.document())
    return visits.prepared(tmp_path_factory.mktemp("binary"), case)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return visits.prepared(tmp_path_factory.mktemp("several"), visits.several_classes())


def evaluated(chain: Chain) -> dict[str, Any]:
    """Evaluate the model with all that the gates ask for."""
    archive, parts = chain.root / "model.tar.gz", chain.root / "parts"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(chain.root / "model" / "model", ".")
    chain.run(
        *("evaluate.py", "--model", archive, "--test", parts / "test"),
        *("--contract", chain.evaluation(), "--raw", parts / "evaluation"),
        *("--production", archive, "--output", chain.root / "out"),
    )
    return dict(json.loads((chain.root / "out" / "evaluation.json").read_text()))


def verdicts(chain: Chain, document: dict[str, Any]) -> dict[str, GateVerdict]:
    model = chain.case.models[0]
    report = judges.evaluate(
        model.gates,
        document["metrics"],
        model="m",
        artifact_sha256="a" * 64,
        dataset_digest="d",
        evaluation=document,
    )
    return {str(result): result.verdict for result in report.results}


def held_out(chain: Chain) -> str:
    return (chain.root / "parts" / "evaluation" / "test.csv").read_text()


def test_a_model_of_texts_and_gaps_passes_every_kind_of_gate(binary: Chain) -> None:
    document = evaluated(binary)
    assert document["metrics"]["pr_auc"] > 0.7
    assert set(document["classes"]) == {"no", "yes"}
    passed = verdicts(binary, document)
    assert set(passed.values()) == {GateVerdict.PASS}, passed
    assert document["production"]["metrics"]["auc"] == pytest.approx(document["metrics"]["auc"])
    assert set(document["fairness"]["origin"]) == {"namibian", "european", "no value"}
    assert document["repeated_splits"]["splits"] == 2
    assert set(document["plots"]) >= {"confusion.png", "roc.png"}


def test_a_model_of_three_classes_passes_every_kind_of_gate(several: Chain) -> None:
    document = evaluated(several)
    assert document["metrics"].keys() >= {"accuracy", "macro_f1", "log_loss", "auc"}
    assert set(document["classes"]) == {"single", "double", "suite"}
    passed = verdicts(several, document)
    assert set(passed.values()) == {GateVerdict.PASS}, passed
    assert set(document["plots"]) == {"confusion.png", "feature-importance.png"}
    selected = sum(group["selected"] for group in document["fairness"]["origin"].values())
    assert 0 < selected < document["rows"]


def test_the_endpoint_answers_a_probability_for_each_class(script: Load, several: Chain) -> None:
    module = script("inference")
    model = module.model_fn(str(several.root / "model" / "model"))
    text, kind = module.transform_fn(model, held_out(several), "text/csv", "text/csv")
    answers = [list(map(float, row)) for row in csv.reader(io.StringIO(text))]
    rows = list(csv.DictReader(io.StringIO(held_out(several))))
    assert kind == "text/csv" and len(answers) == len(rows)
    assert all(sum(answer) == pytest.approx(1, abs=1e-5) for answer in answers)
    classes = ["single", "double", "suite"]
    right = [classes[int(np.argmax(a))] == r["room"] for a, r in zip(answers, rows, strict=True)]
    assert sum(right) / len(right) > 0.6
    body, _ = module.transform_fn(model, held_out(several), "text/csv", "application/json")
    assert json.loads(body)["classes"] == classes
    assert json.loads(body)["predictions"] == answers


def test_json_may_hold_flags_gaps_and_texts_that_nobody_saw(script: Load, binary: Chain) -> None:
    module = script("inference")
    model = module.model_fn(str(binary.root / "model" / "model"))
    row = {"country": None, "town": "Atlantis", "member": True, "income": None, "stays": None}
    body = json.dumps([{**row, "known_days": 10}, {**row, "known_days": 1999, "country": "NA"}])
    text, _ = module.transform_fn(model, body, "application/json", "application/json")
    low, high = json.loads(text)["predictions"]
    assert low < high
    for change, message in (
        ({"member": None}, "row 1, column 'member': '' is empty"),
        ({"country": "XX"}, "row 1, column 'country': 'XX' is an unknown code; allowed are NA, DE"),
        ({"income": "much"}, "row 1, column 'income': 'much' is not a number"),
    ):
        with pytest.raises(module.BadRowsError) as refused:
            read = module.read(json.dumps({**row, "known_days": 1, **change}), "application/json")
            module.predict(read, model)
        assert str(refused.value).startswith(message)


def test_a_text_has_a_code_or_columns_and_what_is_rare_is_other(script: Load) -> None:
    import pandas as pd

    encoding = script("encoding")
    rows = pd.DataFrame({"town": ["Lyon", "Bonn", "Lyon", "Bonn", "Rome"]})
    feature = encoding.Feature("town", type="String")
    code = feature.fitted(rows["town"], one_hot=False, fill=None)
    assert code.categories == ("Bonn", "Lyon")
    assert code.encode(rows["town"])[:, 0].tolist() == [1, 0, 1, 0, 2]
    columns = feature.fitted(rows["town"], one_hot=True, fill=None)
    assert columns.columns() == ["town=1", "town=2", "town=other"]
    assert columns.encode(pd.Series(["Oslo"])).tolist() == [[0, 0, 1]]


def test_the_date_is_days_before_the_event_time(binary: Chain) -> None:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(binary.root / "dataset" / "dataset.parquet").to_pylist()
    first = visits.lines()[1].split(",")
    assert table[0]["since"] == f"{first[-3]}T00:00:00.000Z"
    days = (np.datetime64("2024-06-01") - np.datetime64(first[-3])).astype(int)
    assert table[0]["known_days"] == days


def test_mlflow_is_told_types_and_gaps(several: Chain) -> None:
    signature = json.loads((several.root / "model/model/MLmodel").read_text())["signature"]
    inputs = {entry["name"]: entry for entry in json.loads(signature["inputs"])}
    assert inputs["town"] == {"type": "string", "name": "town", "required": True}
    assert inputs["stays"] == {"type": "double", "name": "stays", "required": False}
    assert json.loads(signature["outputs"])[0]["tensor-spec"]["shape"] == [-1, 3]


def test_classes_may_be_weighed_alike(binary: Chain) -> None:
    plain = (binary.root / "model/model/xgboost-model.json").read_text()
    for argument in (("--class_weight", "balanced"), ("--scale_pos_weight", 5)):
        other = binary.train(argument[0], *argument)
        assert (other / "model/xgboost-model.json").read_text() != plain


def test_weights_that_are_not_of_the_problem_are_refused(several: Chain) -> None:
    with pytest.raises(ScriptError, match="scale_pos_weight is of two classes"):
        several.train("weighed", "--scale_pos_weight", 3)


def test_rows_without_a_label_are_counted_and_left_out(tmp_path: Path) -> None:
    case = visits.case_of(visits.document())
    chain = visits.prepared(tmp_path, case, 100)
    import pyarrow as pa
    import pyarrow.parquet

    path = tmp_path / "dataset" / "dataset.parquet"
    rows = pyarrow.parquet.read_table(path).to_pylist()
    pyarrow.parquet.write_table(
        pa.Table.from_pylist(
            [r | {"again": None if n < 7 else r["again"]} for n, r in enumerate(rows)]
        ),
        path,
    )
    arguments = ("--dataset", path, "--contract", chain.document(), "--output", tmp_path / "parts")
    log = chain.run("preprocess.py", *arguments)
    assert "7 of 100 rows have no again and are left out" in log


@pytest.mark.parametrize("method", ["published", "stratified"])
def test_ten_rows_with_one_of_a_class_are_refused_with_their_counts(
    tmp_path: Path, method: str
) -> None:
    case = visits.case_of(
        visits.document(split={"method": method, "test_size": 0.4, "holdout_test_size": 0.5})
    )
    chain = Chain(tmp_path, case, "visits.csv")
    import pyarrow as pa
    import pyarrow.parquet

    rows = [
        {"record_id": f"v{n}", "country": "NA", "town": "Bonn", "member": "true", "income": 1.0}
        | {"stays": 1, "known_days": float(n), "again": "yes" if n == 3 else "no"}
        for n in range(10)
    ]
    path = chain.folder("dataset") / "dataset.parquet"
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows), path)
    with pytest.raises(ScriptError) as refused:
        chain.preprocess(path.parent)
    text = str(refused.value)
    assert "10 rows, 9 of again no, 1 of again yes" in text or "too few rows of a class" in text
    assert "Traceback" not in text and len(text.splitlines()) == 1
