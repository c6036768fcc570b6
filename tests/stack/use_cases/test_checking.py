"""`make check-use-case` says what is wrong, round by round, and trains here without AWS."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack import layout
from stack.use_cases import dry_run
from stack.use_cases.checking import check_use_case
from stack.use_cases.making import make_use_case
from tests.stack.use_cases.conftest import Write


@pytest.fixture
def shop(folder: Path, write: Write) -> Path:
    """A use case with texts, gaps, a text label and a time; its file."""
    path = write(
        "shop.csv",
        ("id", "at", "size", "colour", "sold"),
        lambda draw, n: [
            f"s{n}",
            f"2026-0{1 + n % 9}-11",
            draw.choice(["", 1, 2, 3]),
            (colour := draw.choice(["red", "green", ""])),
            "yes" if (colour == "red") ^ (draw.random() < 0.2) else "no",
        ],
    )
    make_use_case("shop", str(path), time_column="at")
    return path


def checked(name: str, csv: Path | None = None) -> tuple[int, str]:
    lines: list[str] = []
    code = check_use_case(name, str(csv) if csv else None, lines.append)
    return code, "\n".join(lines)


def test_it_trains_with_the_jobs_own_scripts_and_says_what_the_gates_say(shop: Path) -> None:
    code, said = checked("shop", shop)
    assert code == 0, said
    assert "shop.csv: all of its 400 rows keep the contract" in said
    assert "shop: rows: train 280, validation 60, test 60" in said
    assert "(at least 0.6): pass" in said
    assert "lines are still marked" in said


def test_a_part_of_the_rows_is_not_held_against_bounds_for_the_whole_file(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "held-out sample 60 rows" in checked("shop", shop)[1]
    monkeypatch.setattr(dry_run, "ROWS", 300)
    code, said = checked("shop", shop)
    assert code == 0, said
    assert "all of its 400 rows keep the contract" in said
    assert "a gate of kind sample is not judged on a part" in said and "held-out" not in said
    assert "gate, on a part of the rows: " in said


def test_a_gate_that_does_not_pass_is_said_and_is_no_mistake(folder: Path, shop: Path) -> None:
    text = (folder / "shop.yaml").read_text()
    (folder / "shop.yaml").write_text(
        text.replace("metric: auc, min: 0.6", "metric: auc, min: 0.999")
    )
    code, said = checked("shop", shop)
    assert code == 0 and "(at least 0.999): fail" in said
    assert "a gate that does not pass is no mistake here" in said


def test_all_mistakes_are_said_with_file_and_key(folder: Path, shop: Path) -> None:
    text = (folder / "shop.yaml").read_text()
    text = text.replace("risk: limited", "risk: big").replace("type: Integral", "type: Number")
    text = text.replace("owner: model-owner", "owner: model-owner\ncolour: blue")
    (folder / "shop.yaml").write_text(text)
    code, said = checked("shop")
    assert code == 1
    for key in (
        "risk: Input should be",
        "colour: unknown key",
        "feature_groups.shop-input.features.size.type: Input should be",
    ):
        assert f"shop.yaml: {key}" in said
    assert "shop.yaml has 3 problem(s)" in said
    assert "Traceback" not in said


def test_keys_that_do_not_fit_together_are_said_together(folder: Path, shop: Path) -> None:
    text = (folder / "shop.yaml").read_text()
    text = text.replace("source: size", "source: sise").replace("eta: 0.1", "etta: 0.1")
    text = text.replace("one_hot: [colour]", "one_hot: [colour]\n      impute: {colour: median}")
    text = text.replace("metric: auc, min: 0.6", "metric: acuracy, min: 0.6, max: 1")
    (folder / "shop.yaml").write_text(text)
    code, said = checked("shop")
    assert code == 1
    for key in (
        "source: 'sise' is no raw column",
        "training.hyperparameters: etta is no argument of train.py",
        "training.impute: colour is a category",
        "gates: acuracy is not measured",
    ):
        assert key in said
    assert all("shop.yaml: " in line for line in said.splitlines() if "models.shop" in line)


def test_what_stands_outside_of_the_file_is_said_together(folder: Path, shop: Path) -> None:
    text = (folder / "shop.yaml").read_text()
    text = text.replace("trainer: ml-engineer", "trainer: somebody")
    (folder / "shop.yaml").write_text(text.replace("image: processing", "image: mine"))
    code, said = checked("shop")
    assert code == 1
    assert "trainer: 'somebody' is not in `people` of topology local" in said
    assert "shop.yaml: processing.image: 'mine' is not in `images`" in said
    assert "has 2 problem(s)" in said


def test_a_wrong_key_hides_no_other_mistake(folder: Path, shop: Path) -> None:
    path = folder / "shop.yaml"
    mistakes = (
        ("one_hot: [colour]", "one_hott: [colour]", "training.one_hott: unknown key"),
        ("line_of_business:", "line_of_busines:", "did you mean line_of_business?"),
        ("metric: auc, min: 0.6", "metric: acuracy, min: 0.6", "acuracy is not measured"),
        ("kind: sample", "kind: sampel", "models.shop.gates.1.kind: allowed: "),
        ("trainer: ml-engineer", "trainer: somebody", "'somebody' is not in `people`"),
        ("image: processing", "image: mine", "'mine' is not in `images`"),
        ("source: size", "source: sise", "features.size.source: 'sise' is no raw column"),
    )
    text = path.read_text()
    for right, wrong, _ in mistakes:
        assert right in text
        text = text.replace(right, wrong, 1)
    path.write_text(text)
    code, said = checked("shop")
    assert code == 1
    for _, _, message in mistakes:
        assert message in said
    assert "shop.yaml has 7 problem(s)" in said, said


def test_a_mistake_of_another_use_case_is_said_and_does_not_count(folder: Path, shop: Path) -> None:
    (folder / "other.yaml").write_text("id: [")
    code, said = checked("shop")
    assert code == 0
    assert "another use case is wrong: " in said and "other.yaml: not readable as YAML" in said


def test_a_folder_in_place_of_a_file_is_said(shop: Path) -> None:
    code, said = checked("shop", shop.parent)
    assert code == 1 and "it is a folder, name a file" in said


def test_a_row_that_breaks_the_contract_is_said(shop: Path) -> None:
    shop.write_text(shop.read_text() + "s999,2026-01-01,4000,red,maybe\n")
    code, said = checked("shop", shop)
    assert code == 1
    assert "row 402, column 'size', value '4000': is out of range" in said
    assert "row 402, column 'sold', value 'maybe': is an unknown code" in said


def test_a_script_that_fails_is_said_as_its_job_would(
    folder: Path, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shop.read_text().splitlines()
    shop.write_text("\n".join(line.replace(",yes", ",no") for line in lines) + "\n")
    code, said = checked("shop", shop)
    assert code == 1
    assert "failed, as its job would" in said


def test_without_a_file_or_a_sample_nothing_is_trained(shop: Path) -> None:
    code, said = checked("shop")
    assert code == 0
    assert "not trained: give it a file" in said


def test_a_use_case_that_is_not_there_is_said(folder: Path) -> None:
    code, said = checked("nothing")
    assert code == 1
    assert "nothing.yaml: No such file" in said
    assert str(layout.ROOT) not in said
