"""Decimal marks and marks of thousands: numbers are read as they are meant, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from causeway.errors import BadInput
from causeway.ingestion.raw_data import validate_raw
from causeway.use_cases.files import use_case
from stack.processes import StackError
from stack.use_cases.drafting import MARK
from stack.use_cases.making import make_use_case
from stack.use_cases.numbers import decimal_mark, grouped
from tests.stack.use_cases.conftest import Write

THOUSANDS = "beside whole numbers: thousands? the contract knows no thousands separator"


def line_of(path: Path, text: str) -> str:
    (line,) = [line for line in path.read_text().splitlines() if text in line]
    return line


@pytest.mark.parametrize(
    ("columns", "mark"),
    [
        ([["1", "2"]], "."),
        ([["1,5", "NA"], ["7"]], ","),
        ([["1,5"], ["2.671", "814"]], ","),
        ([["1.5"], ["2,671", "814"]], "."),
        ([["2,671", "814"]], ","),
        ([["1,5", "words"], ["0.5"]], "."),
    ],
)
def test_the_decimal_mark_is_the_one_that_no_thousands_explain(
    columns: list[list[str]], mark: str
) -> None:
    assert decimal_mark(columns) == mark


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (["2.671,5", "814"], {"2.671,5"}),
        (["1,234,567", "814", ""], {"1,234,567"}),
        (["2 671", "814,5"], {"2 671"}),
        (["2'671.50", "814"], {"2'671.50"}),
        (["192.168.100.101", "192.168.100.102"], set()),
        (["2.671,5", "words"], set()),
        (["2.671", "814"], set()),
    ],
)
def test_groups_of_thousands_are_told_where_nothing_else_explains_them(
    values: list[str], texts: set[str]
) -> None:
    assert grouped(values) == texts


@pytest.mark.parametrize(("mark", "name"), [(".", "point"), (",", "comma")])
def test_three_digits_beside_whole_numbers_are_marked(
    folder: Path, write: Write, mark: str, name: str
) -> None:
    areas = [f"2{mark}671", "814"]
    path = write("a.csv", ("area", "x", "label"), lambda d, n: [areas[n % 2], n, n % 2], ";")
    make_use_case("a", str(path))
    line = line_of(folder / "a.yaml", "source: area")
    assert f"{MARK} three digits after each {name} {THOUSANDS}" in line


def test_a_decimal_fraction_of_three_digits_is_no_thousand(folder: Path, write: Write) -> None:
    path = write("a.csv", ("x", "label"), lambda d, n: [(n % 9) / 8, n % 2])
    make_use_case("a", str(path))
    assert "thousands" not in line_of(folder / "a.yaml", "source: x")


def test_a_column_of_the_other_mark_is_ignored_with_the_reason(folder: Path, write: Write) -> None:
    areas = ["2.671", "814"]
    path = write(
        "a.csv",
        ("area", "wall", "label"),
        lambda d, n: [areas[n % 2], f"{n},5", n % 2],
        ";",
    )
    make_use_case("a", str(path))
    case = use_case("a", folder)
    assert case.data.format.decimal == "," and case.data.ignored == ("area",)
    line = line_of(folder / "a.yaml", "ignored:")
    assert f"{MARK} area: numbers with a point, where the decimal mark of the file is the" in line
    assert validate_raw(path, case.raw_source()).rows == 400
    (folder / "a.yaml").unlink()
    with pytest.raises(StackError, match="LABEL=area: numbers with a point"):
        make_use_case("a", str(path), label="area")


def test_groups_of_thousands_are_refused_by_row(folder: Path, write: Write) -> None:
    values = ["2.671,5", "814,0"]
    path = write("a.csv", ("area", "label"), lambda d, n: [values[n % 2], n % 2], ";")
    with pytest.raises(BadInput, match=r"value '2.671,5': .*knows no thousands separator") as said:
        make_use_case("a", str(path))
    assert said.value.problems[0].row == 2
    assert not (folder / "a.yaml").exists()
