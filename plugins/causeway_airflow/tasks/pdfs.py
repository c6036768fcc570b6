"""A report as PDF: the same tables, on landscape pages, the same bytes for the same report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.util import find_spec
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from fpdf import FPDF

    from causeway.governance_reports.sheets import Sheet, Table

#: The family of the font in a document; points of title, headings, text and cells.
_FONT: Final = "DejaVu"
_TITLE, _HEADING, _TEXT, _CELL = 15, 11, 9, 6.5
#: A column is as wide as its longest text, within bounds: one long text leaves room for others.
_LEAST, _MOST = 12, 60
#: Millimetres around a cell's text, and how many characters it has for each of its width: the
#: widest of the font are 4 mm, and words may leave half of a line empty, which is 40 lines of 50.
_PADDING, _A_MILLIMETRE = 0.7, 5


def pdf(sheet: Sheet, made_of: datetime) -> bytes:
    """Return a report as PDF. `made_of` is the time that its properties name: none of a clock."""
    from fpdf import FPDF

    document = FPDF(orientation="landscape", format="A4")
    document.set_creation_date(made_of)
    document.set_title(sheet.title)
    document.add_font(_FONT, "", _fonts() / "DejaVuSans.ttf")
    document.add_font(_FONT, "B", _fonts() / "DejaVuSans-Bold.ttf")
    document.set_auto_page_break(auto=True, margin=12)
    document.add_page()
    _say(document, sheet.title, _TITLE, "B")
    _say(document, sheet.about, _TEXT)
    for table in sheet.tables:
        document.ln(4)
        _say(document, table.title, _HEADING, "B")
        if table.rows:
            _draw(document, table)
        else:
            _say(document, table.otherwise, _TEXT)
    return bytes(document.output())


def _say(document: FPDF, text: str, size: float, style: Any = "") -> None:
    document.set_font(_FONT, style, size)
    height = document.font_size * 1.5
    document.multi_cell(0, height, _printable(text), new_x="LMARGIN", new_y="NEXT")


def _draw(document: FPDF, table: Table) -> None:
    document.set_font(_FONT, "", _CELL)
    rows = [[_printable(text) for text in row] for row in (table.head, *table.rows)]
    widths = [
        min(max(_LEAST, *(len(text) for text in column)), _MOST)
        for column in zip(*rows, strict=True)
    ]
    look: dict[str, Any] = {
        "borders_layout": "HORIZONTAL_LINES",
        "line_height": document.font_size * 1.5,
        "padding": _PADDING,
        "text_align": "LEFT",
        "v_align": "TOP",
    }
    bounds = [
        int(_A_MILLIMETRE * (document.epw * width / sum(widths) - 2 * _PADDING)) for width in widths
    ]
    with document.table(col_widths=widths, **look) as drawn:
        for row in rows:
            for part in _parts(row, bounds):
                drawn.row(part)


def _parts(row: Sequence[str], bounds: Sequence[int]) -> Iterator[Sequence[str]]:
    """Return a row as rows that each fit on a page: fpdf2 breaks none."""
    cells = [
        wrap(text, bound, break_on_hyphens=False) for text, bound in zip(row, bounds, strict=True)
    ]
    yield from zip_longest(*cells, fillvalue="") if any(cells) else (row,)


def _printable(text: str) -> str:
    """Return a text on one line; what cannot be seen, or turns the direction, as its code."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(text.split()))


def _fonts() -> Path:
    """Return the folder of the fonts that come with matplotlib, which MLflow brings."""
    spec = find_spec("matplotlib")
    assert spec is not None and spec.origin is not None  # a pin of requirements.txt
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"
