"""Synthetic samples stand in for the published files: they keep the contract, at any size."""

from __future__ import annotations

from pathlib import Path

import pytest

from causeway.errors import ConfigError
from causeway.ingestion import samples
from causeway.ingestion.raw_data import validate_raw
from causeway.use_cases.files import load_use_cases, use_case

CASES = {case.id: case for case in load_use_cases()}


@pytest.mark.parametrize("name", CASES)
def test_the_same_seed_gives_the_same_rows_and_another_seed_others(name: str) -> None:
    assert samples.text(name, 50, 3) == samples.text(name, 50, 3)
    assert samples.text(name, 50, 3) != samples.text(name, 50, 4)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", CASES)
def test_rows_keep_the_contract(name: str, seed: int, tmp_path: Path) -> None:
    raw_file = validate_raw(
        samples.write(name, 1000, seed, tmp_path / "raw"), CASES[name].raw_source()
    )
    assert raw_file.rows == 1000


def test_about_seventy_of_a_hundred_are_good() -> None:
    rows = list(samples.lines("credit_risk", 1000, 0))[1:]
    assert 0.65 < sum(row.endswith(" 1") for row in rows) / len(rows) < 0.75


def test_a_large_file_begins_with_the_small_one_and_goes_on_with_other_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "DISTINCT", 1000)
    path = samples.write("credit_risk", 3500, 2, tmp_path / "raw")
    assert validate_raw(path, use_case("credit_risk").raw_source()).rows == 3500
    rows = path.read_text().splitlines()[1:]
    assert rows[:1000] == list(samples.lines("credit_risk", 1000, 2))[1:]
    assert rows[1000:2000] != rows[2000:3000] != rows[:1000]
    assert len(set(rows)) <= 1000


def test_the_command_writes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "raw"
    samples.main(["california_housing", "--rows", "20", "--seed", "1", "--output", str(path)])
    assert path.read_text() == samples.text("california_housing", 20, 1)


def test_a_use_case_without_a_sample_is_named() -> None:
    with pytest.raises(ConfigError, match="use case none has no synthetic sample"):
        next(samples.lines("none", 1, 0))
