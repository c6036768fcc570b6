"""What a job could not do is refused when the YAML is read, with the key and what is allowed."""

from __future__ import annotations

from typing import Any

import pytest

from causeway.datasets.datasets import preprocess_document
from causeway.errors import ConfigError
from causeway.training.jobs import JOBS_DIR
from causeway.use_cases.job_scripts import MEASURED, SHIPPED
from causeway.use_cases.use_case import UseCase
from tests.jobs import visits

LINE: dict[str, Any] = {"scripts": "logistic_regression", "hyperparameters": {}}
LINE |= {"candidates": [{"C": 1}], "one_hot": ["country", "town", "member"]}
FILLED = {"income": "median", "stays": "mean"}


def read(problem: str | None = None, gates: Any = None, **training: Any) -> UseCase:
    """Read the use case of every kind of column with other keys of its model."""
    document = visits.document(**training)
    model = document["models"][0]
    if problem:
        model["problem_type"] = problem
    if gates is not None:
        model["gates"] = gates
    return visits.case_of(document)


SEVERAL = {"problem": "multi-class classification", "label": "room", "favourable": "suite"}
SEVERAL |= {"select_by": "validation_mlogloss"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scripts": "forest"}, "forest is no folder of include/jobs with train.py and evaluate"),
        ({"features": ["since"], "one_hot": []}, "since is a time, which says nothing by itself"),
        ({"one_hot": ["income"]}, "one_hot: income is Fractional; allowed: Integral, String"),
        ({"impute": {"country": "mean"}}, "impute: country is a category"),
        ({"impute": {"again": "mean"}}, "impute: not among the features: again"),
        ({"label": "town", "features": ["income"], "one_hot": []}, "town needs `codes`"),
        ({"label": "room"}, "label: room has 3 codes; binary classification tells two apart"),
        ({"label": "income", "features": ["stays"], "one_hot": []}, "income is Fractional"),
        ({"favourable": "perhaps"}, "favourable: perhaps is none of no, yes"),
        ({"label_scale": 2}, "label_scale: it is for regression"),
        (
            {**SEVERAL, "label": "again", "favourable": "yes"},
            "again has two codes: problem_type is",
        ),
        ({**SEVERAL, "threshold": 0.4}, "threshold: it is of two classes"),
        ({**SEVERAL, "hyperparameters": {"scale_pos_weight": 2}}, "scale_pos_weight is of a bin"),
        ({"problem": "regression"}, "fairness is of classes"),
        ({"select_by": "validation_mse", "maximise": False}, "boosted_trees writes validation_err"),
        ({"hyperparameters": {"max_deth": 3}}, "max_deth is no argument of train.py; allowed: max"),
        ({"candidates": [{"eta": "fast"}]}, "candidates.0: eta: 'fast' is no number"),
        ({"candidates": [{"max_depth": 2.5}]}, "max_depth: 2.5 is no whole number"),
        ({"candidates": [{"class_weight": "even"}]}, "class_weight is one of none, balanced"),
        ({"search": {"space": {"depth": {"choices": [1]}}}}, "search.space: depth is no argument"),
        ({"gates": [{"metric": "gini", "min": 0.1}]}, "gini is not measured of a binary"),
        ({**LINE, "one_hot": []}, "country is a String; logistic_regression takes it `one_hot`"),
        (LINE, r"income may be empty, which logistic_regression does not take; say `impute: {inc"),
        ({**LINE, "impute": FILLED, "candidates": [{"eta": 1}]}, "eta is no argument of train.py"),
        ({"instance_type": "m5.large"}, "instance_type"),
    ],
)
def test_what_a_job_could_not_do_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("(", r"\(").replace("{", r"\{")):
        read(**changes)


def test_groups_of_texts_cover_the_codes() -> None:
    document = visits.document()
    document["models"][0]["protected"]["origin"]["codes"] = {"here": ["DE"], "there": ["FR", "XX"]}
    with pytest.raises(ConfigError, match="NA are in no group"):
        visits.case_of(document)
    document["models"][0]["protected"]["origin"]["codes"]["there"] += ["NA"]
    with pytest.raises(ConfigError, match="XX are no codes of country"):
        visits.case_of(document)


def test_a_line_takes_what_it_is_told_to_fill() -> None:
    document = preprocess_document(*_with_model(read(**LINE, impute=FILLED)))
    assert document["impute"] == FILLED


@pytest.mark.parametrize(
    ("favourable", "classes"),
    [("yes", ["no", "yes"]), ("no", ["yes", "no"]), (None, ["no", "yes"])],
)
def test_the_favourable_class_is_the_last_of_two(
    favourable: str | None, classes: list[str]
) -> None:
    document = preprocess_document(*_with_model(read(favourable=favourable)))
    assert document["classes"] == classes and document["favourable"] == classes[-1]


def test_several_classes_keep_the_order_of_the_contract() -> None:
    document = preprocess_document(
        *_with_model(read(**SEVERAL, gates=[{"metric": "accuracy", "min": 0}]))
    )
    assert document["classes"] == ["single", "double", "suite"]


def test_columns_of_a_join_that_leaves_gaps_may_be_empty() -> None:
    document = visits.document()
    group = document["feature_groups"][0]
    town = group["features"].pop(1)
    document["feature_groups"].append({"name": "visits-town", "features": [town]})
    for missing, nullable in (("null", True), ("drop", False)):
        document["models"][0]["dataset"] = {"missing": missing}
        columns = preprocess_document(*_with_model(visits.case_of(document)))["features"]
        assert {c["name"]: c["nullable"] for c in columns}["town"] is nullable
        assert {c["name"]: c["nullable"] for c in columns}["member"] is False


@pytest.mark.parametrize("name", list(SHIPPED))
def test_the_table_is_that_of_the_scripts(name: str) -> None:
    """The scripts say themselves what they take and write; they are read, not run."""
    script = {"boosted_trees": "boosting", "logistic_regression": "linear"}[name]
    text = (JOBS_DIR / "shared" / f"{script}.py").read_text()
    for parameter, kind in SHIPPED[name].hyperparameters.items():
        typed = f"type={kind.__name__}" if isinstance(kind, type) else ""
        assert f'"--{parameter}", {typed}' in text
    assert text.count(".add_argument(") == len(SHIPPED[name].hyperparameters)
    for metrics in SHIPPED[name].watched.values():
        assert all(f'"{metric}"' in text for metric in metrics)
    page = (JOBS_DIR.parents[1] / "docs" / "job-scripts.md").read_text()
    assert all(f"`{parameter}`" in page for parameter in SHIPPED[name].hyperparameters)
    for metrics in (*SHIPPED[name].watched.values(), *MEASURED.values()):
        assert all(f"`{metric}`" in page for metric in metrics)
    measures = (JOBS_DIR / "shared" / "measures.py").read_text()
    assert all(f'"{m}"' in measures for metrics in MEASURED.values() for m in metrics)


def _with_model(case: UseCase) -> tuple[UseCase, Any]:
    return case, case.models[0]
