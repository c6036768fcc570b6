"""`make use-case` writes a use case of a file: one that can be read, with every guess marked."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest
import yaml

from causeway.errors import BadInput
from causeway.ingestion.raw_data import validate_raw
from causeway.training.candidates import candidates
from causeway.use_cases.files import load_use_cases, use_case
from stack import layout
from stack.processes import StackError
from stack.use_cases.drafting import MARK, marked_lines
from stack.use_cases.making import draft_of_source, make_use_case
from tests.stack.use_cases.conftest import Write

HEADER = ("Order no", "Time (UTC)", "Amount, EUR", "year", "Kind", "2nd kind", "Text", "Late")


def order(draw: random.Random, number: int) -> list[object]:
    return [
        f"{number:04d}",
        f"2026-0{1 + number % 9}-11 10:00:00",
        draw.choice(["", f"{draw.random():.3f}"]),
        2020 + number % 5,
        draw.choice("abc"),
        draw.choice(["NO", "08"]),
        f"words {number}",
        draw.choice("nny"),
    ]


@pytest.fixture
def orders(write: Write) -> Path:
    return write("orders.csv", HEADER, order)


def test_every_line_with_a_guess_is_marked(folder: Path, orders: Path) -> None:
    said = make_use_case("orders", str(orders), time_column="Time (UTC)", label="Late")
    case = use_case("orders", folder)
    assert case in load_use_cases(folder)
    text = (folder / "orders.yaml").read_text()
    lines = text.splitlines()
    marked = [lines[number - 1].split(MARK)[0].strip() for number in marked_lines(text)]
    assert f"{len(marked)} lines are marked" in said
    assert {"- {metric: auc, min: 0.6}", "risk: medium"} <= set(marked)
    assert all("range" not in line or MARK in line for line in lines)


def test_names_types_and_text_that_yaml_would_misread(folder: Path, orders: Path) -> None:
    make_use_case("orders", str(orders), time_column="Time (UTC)", label="Late")
    case = use_case("orders", folder)
    features = case.raw_source().features
    assert list(features) == ["amount_eur", "year_value", "kind", "n_2nd_kind", "text", "late"]
    assert features["amount_eur"].nullable and features["amount_eur"].type == "Fractional"
    assert features["n_2nd_kind"].allowed == {"NO", "08"}
    assert features["late"].codes == {"n": "n", "y": "y"}
    assert case.data.record_id.column == "Order no"
    assert (case.data.event_time.column, case.data.event_time.zone) == ("Time (UTC)", "UTC")
    (model,) = case.models
    assert model.training.features == ("amount_eur", "year_value", "kind", "n_2nd_kind")


@pytest.mark.parametrize(
    ("values", "problem", "metric"),
    [
        (["no", "yes"], "binary classification", "auc"),
        (["1", "0"], "binary classification", "auc"),
        (["red", "green", "blue"], "multi-class classification", "accuracy"),
        (["1", "2", "3"], "multi-class classification", "accuracy"),
        ([f"{n}.5" for n in range(40)], "regression", "mse"),
        ([str(n) for n in range(40)], "regression", "mse"),
    ],
)
def test_the_label_says_what_kind_of_problem_it_is(
    folder: Path, write: Write, values: list[str], problem: str, metric: str
) -> None:
    path = write("a.csv", ("x", "target", "z"), lambda d, n: [n, d.choice(values), d.random()])
    make_use_case("a", str(path))
    (model,) = use_case("a", folder).models
    assert model.training.label == "target"
    assert model.problem_type == problem
    assert model.metric_gates[0].metric == metric


def test_a_seed_draws_other_candidates_of_a_draft(folder: Path, orders: Path) -> None:
    make_use_case("orders", str(orders), label="Late")
    (model,) = use_case("orders", folder).models
    drawn = [candidates(model, seed) for seed in (None, 1, 2)]
    assert [len(set(map(str, some))) for some in drawn] == [2, 2, 2]
    assert len({c.digest for some in drawn for c in some}) == 6


def test_a_rare_class_is_weighed(folder: Path, write: Write) -> None:
    path = write("a.csv", ("x", "label"), lambda d, n: [d.random(), int(n % 25 == 0)])
    make_use_case("a", str(path))
    assert use_case("a", folder).models[0].training.hyperparameters["class_weight"] == "balanced"


def test_days_are_derived_of_a_time_that_is_no_event_time(folder: Path, write: Write) -> None:
    path = write(
        "a.csv", ("since", "x", "label"), lambda d, n: [f"2025-01-{1 + n % 28:02d}", n, n % 2]
    )
    make_use_case("a", str(path))
    case = use_case("a", folder)
    assert case.raw_source().features["since"].time is not None
    assert "since_days" in case.models[0].training.features


def test_a_use_case_is_never_written_over(folder: Path, orders: Path) -> None:
    (folder / "orders.yaml").write_text("mine")
    with pytest.raises(StackError, match="is there already; nothing was written"):
        make_use_case("orders", str(orders))
    assert (folder / "orders.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("Orders", {}, "small letters"),
        ("a", {"label": "nothing"}, "LABEL=nothing: the file has no such column"),
        (
            "a",
            {"id_column": "Kind"},
            "ID=Kind: 400 of 400 rows .*(.|\n)*- rows 2, .*stands .* times(.|\n)*with TIME",
        ),
        (
            "a",
            {"time_column": "Kind"},
            "TIME=Kind: 400 of 400 rows(.|\n)*value 'a': is of no format",
        ),
        ("a", {"label": "Text"}, "LABEL=Text: 400 different texts"),
    ],
)
def test_what_cannot_be_is_refused(
    folder: Path, orders: Path, name: str, options: dict[str, str], said: str
) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises((BadInput, StackError), match=said):
        make_use_case(name, str(orders), **options)
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("key", "column", "value", "said"),
    [
        ("time_column", 1, "2026-02-31 10:00:00", "is no time of the format iso"),
        ("time_column", 1, "", "is no time"),
        ("id_column", 0, "", "the record has no id"),
        ("id_column", 0, "0017", "stands 2 times"),
        ("label", 2, "n.a.", "is no number, as nearly all others are"),
    ],
)
def test_the_row_of_a_bad_value_is_named(
    folder: Path, orders: Path, key: str, column: int, value: str, said: str
) -> None:
    lines = orders.read_text().splitlines()
    cells = lines[6].split(",")
    cells[column] = value
    if key == "label":
        lines = [line.replace("Amount, EUR", "Amount") for line in lines]
    name = next(csv.reader(lines))[column]
    orders.write_text("\n".join([*lines[:6], ",".join(cells), *lines[7:]]) + "\n")
    with pytest.raises(BadInput) as refused:
        make_use_case("orders", str(orders), **{key: name})
    problem = refused.value.problems[0]
    assert (problem.row, problem.column, problem.value) == (7, name, value)
    assert said in problem.reason
    assert refused.value.next_step


def test_a_further_file_of_a_use_case_is_drafted_as_a_source(folder: Path, write: Write) -> None:
    orders = write("orders.csv", ("no", "customer", "late"), lambda d, n: [n, n // 3, n % 2])
    make_use_case("orders", str(orders), id_column="no", label="late")
    customers = write("customers.csv", ("no", "since", "plan"), lambda d, n: [n, n, d.choice("ab")])
    with pytest.raises(StackError, match="use case name it with SOURCE"):
        make_use_case("orders", str(customers))
    path = folder / "orders.yaml"
    text = path.read_text()
    said = draft_of_source("orders", str(customers), "customers", id_column="no")
    assert path.read_text() == text
    assert "rows of other files before it find no record here (point_in_time)" in said
    draft = yaml.safe_load(said.split("\n\n")[1])
    document = yaml.safe_load(text)
    document["sources"] = {"orders": document.pop("data")} | draft["sources"]
    for group in document["feature_groups"]:
        group["from"] = "orders"
    document["models"][0]["dataset"] = {
        "groups": [{"group": group["name"]} for group in document["feature_groups"]]
    }
    document["feature_groups"] += draft["feature_groups"]
    path.write_text(yaml.safe_dump(document))
    with pytest.raises(StackError, match=r"SOURCE=customers: .* has this source already"):
        draft_of_source("orders", str(customers), "customers", id_column="no")
    source = use_case("orders", folder).raw_source("customers")
    assert [group.name for group in source.groups] == ["orders-customers"]
    assert validate_raw(customers, source).rows == 400


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"label": "nothing"}, "LABEL=nothing: the file has no such column; use one of Order no"),
        ({"id_column": "nothing"}, "ID=nothing: the file has no such column"),
        ({"time_column": "nothing"}, "TIME=nothing: the file has no such column"),
        ({"label": "Late"}, "LABEL=Late: a further file only adds a source"),
    ],
)
def test_what_is_said_of_a_further_file_is_never_passed_over(
    folder: Path, orders: Path, options: dict[str, str], said: str
) -> None:
    with pytest.raises(StackError, match=said):
        draft_of_source("credit_risk", str(orders), "orders", **options)


def test_an_index_without_a_name_is_not_read(folder: Path, write: Write) -> None:
    path = write("a.csv", ("", "x", "label"), lambda d, n: [n, d.random(), n % 2])
    make_use_case("a", str(path))
    case = use_case("a", folder)
    assert case.data.ignored == ("",)
    assert validate_raw(path, case.raw_source()).rows == 400


def test_a_class_of_few_rows_is_said(folder: Path, write: Write) -> None:
    path = write("a.csv", ("x", "label"), lambda d, n: [n, "rare" if n < 3 else n % 2])
    with pytest.raises(StackError, match=r"the class 'rare' has 3 row\(s\)"):
        make_use_case("a", str(path))


def test_a_name_that_another_use_case_has_is_refused(folder: Path, orders: Path) -> None:
    (folder / "credit_risk.yaml").rename(folder / "lending.yaml")
    text = (folder / "lending.yaml").read_text()
    (folder / "lending.yaml").write_text(text.replace("id: credit_risk", "id: lending"))
    with pytest.raises(StackError, match="another use case has the name credit-risk"):
        make_use_case("credit_risk", str(orders), label="Late")


def test_a_text_that_is_no_input_is_stored_unless_it_is_ignored_as_its_line_says(
    folder: Path, orders: Path
) -> None:
    make_use_case("orders", str(orders), label="Late")
    path = folder / "orders.yaml"
    (line,) = [each for each in path.read_text().splitlines() if "source: Text" in each]
    assert "no input, but stored" in line and "data.ignored" in line
    text = path.read_text().replace(f"{line}\n", "")
    path.write_text(text.replace("  columns: [", "  ignored: [Text]\n  columns: [", 1))
    source = use_case("orders", folder).raw_source()
    assert "text" not in source.features
    assert validate_raw(orders, source).rows == 400


def test_a_folder_of_use_cases_that_is_not_there_is_said(
    orders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "USE_CASES", tmp_path / "nowhere")
    with pytest.raises(StackError, match=r"CAUSEWAY_USE_CASES=.*nowhere: there is no such folder"):
        make_use_case("orders", str(orders))


def test_a_folder_in_place_of_a_file_is_said(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(StackError, match="it is a folder, name a file"):
        make_use_case("orders", str(tmp_path))
