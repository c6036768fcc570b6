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
    for words in ("orders.tsv", "orders=a orders=b"):
        code, said = checked(words)
        assert code == 1
        assert "name each with its source, once, as in 'customers=path orders=path'" in said
    code, said = checked("order=orders.tsv")
    assert code == 1
    assert "use case shop has no source 'order'; allowed: customers, orders" in said


def test_files_that_are_swapped_are_said_to_be(files: Path) -> None:
    code, said = checked(f"customers={files}/orders.tsv orders={files}/customers.csv")
    assert code == 1
    assert "orders.tsv is no file of source customers: its header is that of orders" in said
    code, said = checked(f"orders={files}/customers.csv customers={files}/customers.csv")
    assert "customers.csv is no file of source orders: its header is that of customers" in said


def test_what_to_declare_is_said_of_the_source(files: Path, tmp_path: Path) -> None:
    samples.write("shop", 50, 1, path := tmp_path / "new.tsv", "orders", "utf-8")
    code, said = checked(f"customers={files}/customers.csv orders={path}")
    assert code == 1
    assert "new.tsv (source orders) is text in UTF-8; the contract declares cp1252" in said
    assert "Declare `encoding: utf-8` in `sources.orders.format`" in said


def test_a_value_that_is_none_may_be_the_files_or_the_contracts_fault(files: Path) -> None:
    orders = files / "orders.tsv"
    text = orders.read_text(encoding="cp1252")
    orders.write_text(text.replace(",50\t", ".50\t", 1), encoding="cp1252")
    code, said = checked(f"customers={files}/customers.csv orders={orders}")
    assert code == 1
    assert "orders.tsv breaks the contract of use case shop, source orders" in said
    assert "Mend the file, or the contract where that is wrong" in said
    assert "the decimal mark (`sources.orders.format`; thousands separators are not read)" in said


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
