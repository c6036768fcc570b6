import contextlib
import copy
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from causeway.documents import CONFIG_DIR
from causeway.errors import ConfigError
from causeway.use_cases.files import (
    first_line,
    load_use_case,
    load_use_cases,
    model_of_group,
    readable_use_cases,
    use_case,
    use_case_among,
)
from causeway.use_cases.use_case import USE_CASES_DIR, UseCase
from tests.causeway.values import use_case_of

TEXT = (USE_CASES_DIR / "credit_risk.yaml").read_text()


def test_the_shipped_use_case_covers_the_published_data(case: UseCase) -> None:
    assert len(case.data.columns) == 21
    assert set(case.raw_source().by_column) == set(case.data.columns)
    assert [group.name for group in case.feature_groups] == [
        "credit-risk-applicant",
        "credit-risk-loan",
        "credit-risk-outcome",
    ]
    assert len(case.models[0].training.features) == 20
    assert len(case.models[0].training.candidates) >= 4
    assert case.models[0].endpoint == "credit-risk"


def test_nobody_trains_and_approves_in_the_shipped_use_case(case: UseCase) -> None:
    for model in case.models:
        assert model.trainer not in (*model.approvers.test, *model.approvers.production)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("risk: high\nowner", "risk: unacceptable\nowner", "unacceptable risk is refused"),
        ("risk: high\nowner", "risk: big\nowner", "risk: Input should be 'high', 'limited'"),
        ("project: credit-risk", "project: credit-risk\nstage: poc", "stage: take the key out"),
        ("project: credit-risk", "project: credit-risk\ncolour: red", "colour: unknown key"),
        ("owner: model-owner", "owner: R&D (Paris)", "becomes a tag"),
        ("gates:\n      - {metric: auc, min", "gates:\n      - {metric: auc, least", "gates.0"),
        ("source: laufkont", "source: laufkonto", "source: 'laufkonto' is no raw column"),
        ("source: laufkont", "source: laufzeit", "the source of two features: laufzeit"),
        ("label: credit_risk", "label: risk", "columns that its dataset lacks: risk"),
        ("one_hot: [credit_history", "one_hot: [age_normalised", "one_hot: not among"),
        ("op: ratio, of: [amount, duration]", "op: ratio, of: [amount, x]", "derive.of: 'x' is"),
        ("op: log1p, of: [amount]", "op: normalise, of: [housing]", "normalise needs a range"),
        ('separator: " "', 'separator: ""', "data.format.separator"),
        (
            "type: Integral, unit: years, description: Age",
            "type: Integer, unit: years, description: Age",
            "features.age.type",
        ),
        ("approvers: {test: [model-owner]", "approvers: {test: []", "approvers.test"),
        (
            "gates:\n      - {metric: auc, min: 0.7",
            "gates:\n      - {kind: taste, a: 0.7",
            "gates.0",
        ),
        (
            "- {max_depth: 6, eta: 0.2, gamma: 4, min_child_weight: 8}",
            "- {max_depth: 5, eta: 0.1, gamma: 4, min_child_weight: 6}",
            "candidates.3: the same",
        ),
        ("female or single male: [2, 4]", "female: [2]", "protected.sex.codes: 4 are in no group"),
        ("female or single male: [2, 4]", "female: [2, 4, 5]", "5 are no codes of"),
        ("select_by: validation_auc", "select_by: validation_profit", "say `maximise: true`"),
        (
            "select_by: validation_auc",
            "select_by: validation_logloss\n      maximise: true",
            "less of it is better",
        ),
        ("group: credit-risk\n", f"group: {'g' * 64}\n", "at most 63 characters"),
        ("  - name: credit_risk\n", f"  - name: {'m' * 64}\n", "at most 63 characters"),
        ("name: credit-risk-loan", "name: credit-risk-applicant", "names stand twice"),
        (
            "name: credit-risk-loan",
            "name: Credit_Loan",
            "feature_groups.Credit_Loan.name: not of the allowed",
        ),
    ],
)
def test_a_wrong_use_case_is_refused_with_file_key_and_reason(
    before: str, after: str, message: str
) -> None:
    assert before in TEXT
    with pytest.raises(ConfigError) as caught:
        use_case_of(TEXT.replace(before, after, 1), "credit_risk.yaml")
    assert "credit_risk.yaml: " in str(caught.value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("one_hot: [credit_history", "onehot: [credit_history"),
        ("approvers: {test: [model-owner]", "approvers: {test: [ml-engineer]"),
        ("{metric: auc, min: 0.7", "{metric: auc, max: 0.7"),
    ],
)
def test_a_mistake_in_a_model_is_a_line_of_its_own_and_no_other(before: str, after: str) -> None:
    assert before in TEXT
    with pytest.raises(ConfigError) as caught:
        use_case_of(TEXT.replace(before, after, 1), "credit_risk.yaml")
    (fault,) = caught.value.what.splitlines()
    assert fault.startswith("credit_risk.yaml: models.credit_risk.")
    assert len(fault) < 1000


def test_an_empty_list_is_still_too_short() -> None:
    text = TEXT.replace("approvers: {test: [model-owner]", "approvers: {test: []", 1)
    with pytest.raises(ConfigError, match=r"approvers.test: Tuple should have at least 1 item"):
        use_case_of(text, "credit_risk.yaml")


def test_the_id_is_the_name_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(TEXT)
    with pytest.raises(ConfigError, match="does not match"):
        use_case("other", tmp_path)


def test_model_names_are_unique_across_use_cases(tmp_path: Path) -> None:
    (tmp_path / "credit_risk.yaml").write_text(TEXT)
    (tmp_path / "other.yaml").write_text(TEXT.replace("id: credit_risk", "id: other", 1))
    with pytest.raises(ConfigError, match=r"model name 'credit_risk'.*two use cases"):
        load_use_cases(tmp_path)


def test_a_mistake_in_one_use_case_leaves_the_others_readable(tmp_path: Path) -> None:
    (tmp_path / "credit_risk.yaml").write_text(TEXT)
    other = TEXT.replace("credit_risk", "lending").replace("credit-risk", "lending")
    (tmp_path / "lending.yaml").write_text(other.replace("risk: high", "risk: big"))
    (tmp_path / "broken.yaml").write_text("id: [")
    case, faults = use_case_among("credit_risk", tmp_path)
    assert readable_use_cases(tmp_path)[0] == (case,)
    assert [Path(fault.what.partition(":")[0]).name for fault in faults] == [
        "broken.yaml",
        "lending.yaml",
    ]
    assert "\n" not in first_line(faults[0])
    with pytest.raises(ConfigError) as refused:
        load_use_cases(tmp_path)
    assert all(fault.what in refused.value.what for fault in faults)


def test_a_name_of_two_use_cases_is_a_mistake_of_both(tmp_path: Path) -> None:
    for name in ("credit_risk", "lending"):
        (tmp_path / f"{name}.yaml").write_text(TEXT.replace("id: credit_risk", f"id: {name}"))
    with pytest.raises(ConfigError, match="stands in two use cases"):
        use_case_among("lending", tmp_path)
    assert readable_use_cases(tmp_path)[0] == ()


def test_a_group_is_found_with_its_model(case: UseCase) -> None:
    assert model_of_group((case,), "credit-risk") == (case, case.models[0])
    assert model_of_group((case,), "none") is None
    for look_up in (case.group, case.model):
        with pytest.raises(ConfigError, match="Use one of"):
            look_up("none")


def test_reading_the_configuration_loads_nothing_heavy() -> None:
    code = (
        "import sys, causeway.use_cases.files, causeway.governance.sync\n"
        "import causeway.deployment.rollout, causeway.sharing.shares\n"
        "causeway.use_cases.files.load_use_cases()\n"
        "heavy = {'boto3', 'botocore', 'pandas', 'pyarrow', 'numpy', 'mlflow', 'airflow'}\n"
        "sys.exit(repr(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(CONFIG_DIR.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_use_case_is_not_read_again_while_its_file_stays_the_same() -> None:
    first = load_use_cases()
    assert all(before is after for before, after in zip(first, load_use_cases(), strict=True))


VALUES = (None, "x", 1, [[]], {"kind": None})
#: `make test` puts each value in each seventh place, `make soak` (CAUSEWAY_DEPTH=full) in all.
STEP = 1 if os.environ.get("CAUSEWAY_DEPTH") == "full" else 7


@pytest.mark.parametrize("first", range(len(VALUES)))
def test_whatever_stands_in_the_place_of_a_key_is_a_mistake_that_is_said(
    tmp_path: Path, first: int
) -> None:
    """One that is not said takes all DAGs down, not those of its use case alone."""
    document = yaml.safe_load(TEXT)
    for keys in list(paths_of(document))[first % STEP :: STEP]:
        changed = copy.deepcopy(document)
        *above, last = keys
        holder = changed
        for key in above:
            holder = holder[key]
        holder[last] = VALUES[first]
        file = tmp_path / "credit_risk.yaml"
        file.write_text(yaml.safe_dump(changed))
        with contextlib.suppress(ConfigError):
            load_use_case(file)


@pytest.mark.parametrize("gate", [None, "x", 1, []])
def test_a_gate_that_is_none_is_a_mistake_of_its_use_case_alone(
    tmp_path: Path, gate: object
) -> None:
    document = yaml.safe_load(TEXT)
    document["models"][0]["gates"] = [gate]
    file = tmp_path / "credit_risk.yaml"
    file.write_text(yaml.safe_dump(document))
    with pytest.raises(ConfigError, match=r"models\.credit_risk\.gates\.0"):
        load_use_case(file)


def paths_of(part: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to each key and item of a document."""
    parts = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in parts:
        yield (*above, key)
        if isinstance(value, dict | list):
            yield from paths_of(value, (*above, key))
