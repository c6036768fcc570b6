"""A report as PDF."""

from __future__ import annotations

import re
import zlib
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from causeway.governance_reports.sheets import Sheet, Table
from causeway_airflow.tasks.pdfs import pdf

DAY = datetime(2026, 3, 3, tzinfo=UTC)
REASON = "Grüße — Ελλάδα, <b>**no markup**</b>\n\u202egnp.exe "


def sheet(rows: int) -> Sheet:
    table = Table(
        "Decisions",
        tuple(f"column {number}" for number in range(9)),
        tuple((f"v{row}", "a" * 64, REASON * 25, *("x",) * 6) for row in range(rows)),
    )
    return Sheet("In production on 2026-03-03", "Of one day.", (table, Table("Stops", ("a",), ())))


def pages(document: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b", document))


def test_what_people_wrote_goes_into_a_pdf_whatever_its_length_and_characters() -> None:
    document = pdf(sheet(30), DAY)
    assert document.startswith(b"%PDF-") and document.rstrip().endswith(b"%%EOF")
    assert pages(document) > pages(pdf(sheet(1), DAY))
    streams = [zlib.decompress(part) for part in _streams(document)]
    assert any(b"DejaVu" in part for part in (document, *streams))


@pytest.mark.parametrize("reason", ["\u200b" * 900, "\u2031" * 1024, ("\u2031" * 4 + " ") * 200])
@pytest.mark.parametrize("columns", [2, 10])
def test_a_row_that_is_taller_than_a_page_goes_on_in_the_next(reason: str, columns: int) -> None:
    head = tuple(f"column {number}" for number in range(columns))
    rows = [("v1", *(reason,) * (columns - 1)), ("",) * columns]
    tall = Table("Decisions", head, tuple(rows))
    short = Table("Decisions", head, (("v1", *("x",) * (columns - 1)),))
    whole, brief = (pdf(Sheet("On 2026-03-03", "Of a day.", (t,)), DAY) for t in (tall, short))
    assert pages(whole) >= pages(brief) + (columns == 10)


def test_the_same_report_is_the_same_file_whenever_it_is_made() -> None:
    with time_machine.travel(DAY + timedelta(days=1)):
        first = pdf(sheet(2), DAY)
    with time_machine.travel(DAY + timedelta(days=90)):
        assert pdf(sheet(2), DAY) == first
    assert pdf(sheet(3), DAY) != first


def _streams(document: bytes) -> list[bytes]:
    parts = re.findall(rb"/FlateDecode.*?stream\n(.*?)\nendstream", document, re.DOTALL)
    return [bytes(part) for part in parts]
