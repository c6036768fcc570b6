"""The key `dataset` of a model: what it means, and what is wrong with one, by its key."""

from __future__ import annotations

import json
import shutil
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from causeway.datasets.datasets import (
    Absent,
    StoreTable,
    absent,
    dataset_query,
    identifiers,
    preprocess_document,
)
from causeway.documents import CONFIG_DIR, parse
from causeway.errors import BadInput, ConfigError
from causeway.use_cases.dataset_specs import Dataset
from causeway.use_cases.files import use_case
from causeway.use_cases.use_case import USE_CASES_DIR, UseCase
from tests.causeway.values import use_case_of

APPLICANT, LOAN, OUTCOME = (f"credit-risk-{name}" for name in ("applicant", "loan", "outcome"))
ALL = [{"group": name} for name in (APPLICANT, LOAN, OUTCOME)]
OWN = {
    "database": "lending",
    "table": "cases",
    "record_identifier": "case_id",
    "event_time": "asked_at",
    "columns": {"customer": "customer", "ended_well": "good"},
}
STORES = {
    name: StoreTable("sagemaker_featurestore", name.replace("-", "_"))
    for name in (APPLICANT, LOAN, OUTCOME)
}


def declared(dataset: Any, **training: Any) -> UseCase:
    """Read the shipped use case with another dataset, and with other training keys."""
    document = yaml.safe_load((USE_CASES_DIR / "credit_risk.yaml").read_text())
    (model,) = document["models"]
    model["dataset"] = json.loads(json.dumps(dataset))  # no part twice: that would be an alias
    model["training"] |= training
    return use_case_of(yaml.safe_dump(document), "credit_risk.yaml")


def query(case: UseCase, snapshot: datetime | None = None) -> str:
    return dataset_query(case, case.models[0], STORES, snapshot).sql()


@pytest.mark.parametrize(
    ("dataset", "message"),
    [
        (
            {"mode": "newest"},
            "models.credit_risk.dataset.mode: Input should be 'latest' or",
        ),
        (
            {"missing": "skip"},
            "models.credit_risk.dataset.missing: Input should be 'drop',",
        ),
        ({"cut_off": "monday"}, "models.credit_risk.dataset.cut_off: 'monday' is no instant"),
        (
            {"spine": "x"},
            "models.credit_risk.dataset.spine: unknown key; allowed keys: mode,",
        ),
        ({"database": "A-b"}, "models.credit_risk.dataset.database: not of the allowed form"),
        ({"groups": [{"group": "x"}]}, "dataset.groups.0.group: 'x' is no feature group of the"),
        ({"groups": [*ALL, ALL[1]]}, "dataset.groups.3.group: credit-risk-loan stands twice"),
        (
            {"groups": [{"group": LOAN, "on": "amount"}]},
            "dataset.groups.0.on: the first group is the spine",
        ),
        (
            {"groups": [{"group": LOAN, "missing": "null"}]},
            "dataset.groups.0.missing: the first group is the spine",
        ),
        (
            {"groups": [ALL[0], {"group": LOAN, "on": "shoe_size"}]},
            "dataset.groups.1.on: 'shoe_size' is no column before it; allowed: record_id",
        ),
        (
            {"groups": [ALL[0], {"group": LOAN, "on": "property"}]},
            "dataset.groups.1.on: 'property' is no String, as identifiers are",
        ),
        (
            {"groups": [{"group": LOAN, "features": ["height"]}]},
            "dataset.groups.0.features: no feature of credit-risk-loan: height; allowed: ",
        ),
        (
            {"groups": [{"group": LOAN, "features": ["amount"], "rename": {"purpose": "why"}}]},
            "dataset.groups.0.rename: no feature of credit-risk-loan: purpose; allowed: amount",
        ),
        (
            {"groups": [{"group": LOAN, "rename": {"purpose": "amount"}}]},
            "dataset.groups.0.rename: two columns are called amount",
        ),
        (
            {"groups": [ALL[0], {"group": LOAN, "rename": {"amount": "age"}}]},
            "dataset.groups.1: groups.0 has a column age, too; rename one of them",
        ),
        (
            {"groups": [{"group": LOAN, "rename": {"amount": "record_id"}}]},
            "dataset.groups.0: record_id is the identifier or event time; rename it",
        ),
        ({"table": {**OWN, "columns": {"a": "x", "b": "x"}}}, "dataset.table.columns: two columns"),
        (
            {"table": {**OWN, "codes": {"ended_well": {1: "yes"}}}},
            "dataset.table.codes: ended_well: no column of the dataset; allowed: customer, good",
        ),
        ({"table": {**OWN, "colour": 1}}, "models.credit_risk.dataset.table.colour: unknown key"),
        (
            {"groups": [{"group": LOAN}]},
            "training: uses columns that its dataset lacks: status",
        ),
    ],
)
def test_a_mistake_names_the_key(dataset: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        declared(dataset)
    assert message in str(caught.value)
    assert str(caught.value).startswith("credit_risk.yaml")


BLOCK = "california-housing-block"


def in_folder(folder: Path, dataset: Any, **training: Any) -> UseCase:
    """Read the use case with that dataset from a folder that has another use case, too."""
    document = yaml.safe_load((USE_CASES_DIR / "credit_risk.yaml").read_text())
    (model,) = document["models"]
    model["dataset"], model["training"] = dataset, model["training"] | training
    (folder / "credit_risk.yaml").write_text(yaml.safe_dump(document))
    shutil.copy(USE_CASES_DIR / "california_housing.yaml", folder)
    return use_case("credit_risk", folder)


def test_a_dataset_has_feature_groups_of_another_use_case(tmp_path: Path) -> None:
    block = {"group": BLOCK, "use_case": "california_housing", "on": "record_id"}
    features = [*declared({}).models[0].training.features, "income_nearby"]
    renamed = {"features": ["median_income"], "rename": {"median_income": "income_nearby"}}
    case = in_folder(tmp_path, {"groups": [*ALL, block | renamed]}, features=features)
    model = case.models[0]
    assert case.columns(model)["income_nearby"] is not None
    assert [group.name for group in case.feature_groups] == [APPLICANT, LOAN, OUTCOME]
    assert identifiers(case, model)[BLOCK] == "record_id"
    dataset = dataset_query(case, model, STORES | {BLOCK: StoreTable("shared", "block")})
    assert dataset.joined[-1].columns == {"median_income": "income_nearby"}
    assert dataset.joined[-1].on == "record_id"
    read = preprocess_document(case, model)
    last = {"name": "income_nearby", "type": "Fractional", "codes": [], "nullable": False}
    assert read["features"][-1] == last


def test_rows_can_be_those_of_another_use_case(tmp_path: Path) -> None:
    shipped = yaml.safe_load((USE_CASES_DIR / "california_housing.yaml").read_text())
    shipped["feature_groups"][0]["record_identifier"] = "block_id"
    block = {"group": BLOCK, "use_case": "california_housing"}
    in_folder(tmp_path, {"groups": [block, *ALL]})
    (tmp_path / "california_housing.yaml").write_text(yaml.safe_dump(shipped))
    case = use_case("credit_risk", tmp_path)
    assert identifiers(case, case.models[0])[BLOCK] == "block_id"
    assert preprocess_document(case, case.models[0])["record_identifier"] == "block_id"


@pytest.mark.parametrize(
    ("joined", "message"),
    [
        (
            {"group": BLOCK},
            "groups.3.group: 'california-housing-block' is no feature group of the ",
        ),
        ({"group": BLOCK, "use_case": "fraud"}, "groups.3.use_case: 'fraud' is no other use case"),
        ({"group": LOAN, "use_case": "credit_risk"}, "'credit_risk' is no other use case"),
        (
            {"group": "x", "use_case": "california_housing"},
            "groups.3.group: 'x' is no feature group of california_housing; allowed: california-h",
        ),
        (
            {"group": BLOCK, "use_case": "california_housing", "features": ["age"]},
            "dataset.groups.3.features: no feature of california-housing-block: age; allowed: lon",
        ),
        (
            {"group": BLOCK, "use_case": "california_housing", "on": "shoe_size"},
            "dataset.groups.3.on: 'shoe_size' is no column before it",
        ),
    ],
)
def test_a_wrong_group_of_another_use_case_is_refused_with_its_key(
    tmp_path: Path, joined: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        in_folder(tmp_path, {"groups": [*ALL, joined]})
    assert str(caught.value).startswith(f"{tmp_path}/credit_risk.yaml: ")
    assert "models.credit_risk.dataset.groups.3" in str(caught.value)


def test_the_documented_declaration_is_one() -> None:
    """Read as it stands in docs/datasets.md, where `on` is a key and not a boolean."""
    page = (CONFIG_DIR.parents[1] / "docs" / "datasets.md").read_text()
    block = page.split("```yaml\n", 1)[1].split("```", 1)[0]
    indented = "\n".join(line for line in block.splitlines()[3:])
    dataset = parse(textwrap.dedent(indented), Dataset, "datasets.md")
    assert [joined.on for joined in dataset.groups] == ["customer", "customer", "postcode"]
    assert [joined.use_case for joined in dataset.of_others] == ["california_housing"]


def test_a_group_without_an_offline_store_is_refused() -> None:
    document = yaml.safe_load((USE_CASES_DIR / "credit_risk.yaml").read_text())
    document["feature_groups"][1]["offline"] = {"enabled": False}
    with pytest.raises(ConfigError, match="columns that its dataset lacks: duration, purpose"):
        use_case_of(yaml.safe_dump(document))  # without the key it is left out
    document["models"][0]["dataset"] = {"groups": ALL}
    with pytest.raises(ConfigError, match=r"groups\.1\.group: credit-risk-loan has no offline"):
        use_case_of(yaml.safe_dump(document))


def test_without_the_key_it_is_the_latest_of_every_group(case: UseCase) -> None:
    text = query(case)
    assert "asked" not in text and '"event_time"' not in text.split("\nFROM")[-2]
    assert list(case.columns(case.models[0])) == list(case.raw_source().features)
    assert identifiers(case, case.models[0]) == dict.fromkeys(STORES, "record_id")


def test_the_earlier_of_snapshot_and_cut_off_counts() -> None:
    case = declared({"cut_off": "2024-03-01T01:00:00+01:00"})
    for snapshot, month in ((None, 3), (datetime(2024, 2, 1, tzinfo=UTC), 2)):
        assert f"<= TIMESTAMP '2024-0{month}-01 00:00:00" in query(case, snapshot)
    assert "TIMESTAMP '2024-03-01" in query(case, datetime(2025, 1, 1, tzinfo=UTC))


def test_an_own_table_joins_shared_features_by_a_column_of_its_own() -> None:
    groups = [
        {"group": APPLICANT, "on": "customer", "missing": "null"},
        {"group": LOAN, "rename": {"amount": "loan_amount"}, "database": "shared_features"},
    ]
    features = [name for name in declared({}).models[0].training.features if name != "amount"]
    case = declared(
        {"mode": "point_in_time", "table": OWN, "groups": groups, "catalog": "partner"},
        label="good",
        features=[*features, "loan_amount"],
    )
    model = case.models[0]
    dataset = dataset_query(case, model, STORES)
    assert str(dataset.spine.name) == '"AwsDataCatalog"."lending"."cases"'
    assert [str(joined.name) for joined in dataset.joined] == [
        '"partner"."sagemaker_featurestore"."credit_risk_applicant"',
        '"partner"."shared_features"."credit_risk_loan"',
    ]
    assert [joined.required for joined in dataset.joined] == [False, True]
    assert identifiers(case, model) == {APPLICANT: "customer", LOAN: "case_id"}
    document = preprocess_document(case, model)
    assert (document["record_identifier"], document["event_time"]) == ("case_id", "asked_at")
    amount = next(feature for feature in document["features"] if feature["name"] == "loan_amount")
    status = next(feature for feature in document["features"] if feature["name"] == "status")
    assert (amount["codes"], status["codes"]) == ([], [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("codes", "classes", "kind"),
    [
        ({"n": "written off", "y": "paid back"}, ("n", "y"), "String"),
        ({3: "late", 1: "paid back"}, ("3", "1"), "Integral"),
        (None, ("0", "1"), None),
    ],
)
def test_a_label_of_an_own_table_has_the_classes_that_are_declared(
    codes: Any, classes: tuple[str, ...], kind: str | None
) -> None:
    table = {**OWN, "codes": {"good": codes}} if codes else OWN
    document = yaml.safe_load((USE_CASES_DIR / "credit_risk.yaml").read_text())
    (model,) = document["models"]
    model["dataset"] = {"table": table, "groups": ALL}
    model["training"]["label"] = "good"
    case = use_case_of(yaml.safe_dump(document))
    assert case.classes(case.models[0]) == classes
    assert preprocess_document(case, case.models[0])["classes"] == list(classes)
    label = case.columns(case.models[0])["good"]
    assert (label.type if label else None) == kind


def test_a_label_of_an_own_table_with_more_classes_says_which_they_are() -> None:
    document = yaml.safe_load((USE_CASES_DIR / "credit_risk.yaml").read_text())
    (model,) = document["models"]
    model |= {"problem_type": "multi-class classification", "protected": {}}
    model["gates"] = [{"kind": "source", "synthetic": "allow"}]
    model["dataset"] = {"table": OWN, "groups": ALL}
    model["training"]["label"] = "good"
    with pytest.raises(ConfigError, match=r"good needs `codes` in `dataset\.table\.codes`"):
        use_case_of(yaml.safe_dump(document))


def counted(**more: str) -> dict[str, str]:
    none = {
        f"{what}_{n}": value for n in (1, 2) for what, value in (("missing", "0"), ("example", ""))
    }
    return {"rows": "10", **none, **more}


def test_rows_without_a_record_are_told_or_refused_by_group() -> None:
    case = declared({"groups": [ALL[0], ALL[1], {"group": OUTCOME, "missing": "refuse"}]})
    assert absent(case, case.models[0], counted()) == ()
    some = counted(missing_1="3", example_1="sgc-7")
    assert absent(case, case.models[0], some) == (Absent(LOAN, 3, 10, "sgc-7"),)
    with pytest.raises(BadInput, match=r"2 of 10 rows .* no record in credit-risk-outcome.* sgc-9"):
        absent(case, case.models[0], counted(missing_2="2", example_2="sgc-9"))
    assert absent(case, case.models[0], {"rows": "0", **counted(missing_1="", missing_2="")}) == ()
