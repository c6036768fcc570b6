"""`make check-use-case` with several raw files: each is checked, then they are joined."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from causeway.ingestion import samples
from stack.use_cases.checking import check_use_case
from tests import shop


@pytest.fixture
def files(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The shop of the documentation with its two files, from its samples; their folder."""
    (folder / "shop.yaml").write_text(yaml.safe_dump(shop.document(), sort_keys=False))
    shop.write_samples(tmp_path / "jobs")
    monkeypatch.setattr(samples, "JOBS_DIR", tmp_path / "jobs")
    samples.write("shop", 400, 1, tmp_path / "customers.csv", "customers")
    samples.write("shop", 500, 1, tmp_path / "orders.tsv", "orders", "cp1252")
    return tmp_path


def checked(words: str | None) -> tuple[int, str]:
    lines: list[str] = []
    code = check_use_case("shop", words, lines.append)
    return code, "\n".join(lines)


def test_each_file_is_checked_and_they_are_joined(files: Path) -> None:
    code, said = checked(f"customers={files}/customers.csv orders={files}/orders.tsv")
    assert code == 0, said
    assert "customers.csv: all of its 400 rows keep the contract" in said
    assert "orders.tsv: all of its 500 rows keep the contract" in said
    assert "returns: rows: train 350, validation 75, test 75" in said
    assert "(at least 0.5): pass" in said


def test_without_files_the_samples_are_taken(files: Path) -> None:
    code, said = checked(None)
    assert code == 0, said
    assert "sample of orders: all of its 1000 rows keep the contract" in said


def test_a_file_without_its_source_is_refused_with_what_to_write(files: Path) -> None:
    for words in ("orders.tsv", "order=orders.tsv", "orders=a orders=b"):
        code, said = checked(words)
        assert code == 1
        assert "name each with its source, once, as in 'customers=path orders=path'" in said


def test_without_a_file_of_one_source_the_others_are_checked_and_nothing_is_trained(
    files: Path,
) -> None:
    (files / "jobs" / "shop" / "sample_orders.py").unlink()
    code, said = checked(f"customers={files}/customers.csv")
    assert code == 0
    assert "customers.csv: all of its 400 rows keep the contract" in said
    assert "use case shop, source orders: not checked: no file is named" in said
    assert "make check-use-case NAME=shop CSV='customers=path orders=path'" in said
    (files / "customers.csv").write_text("customer_no,updated_at,segment,income\n1,soon,new,\n")
    code, said = checked(f"customers={files}/customers.csv")
    assert code == 1
    assert "row 2, column 'updated_at', value 'soon'" in said
