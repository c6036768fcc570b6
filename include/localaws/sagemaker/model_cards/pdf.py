"""A minimal PDF writer: headings and wrapped text on A4 pages, in the viewer's Helvetica."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 595, 842, 56  # points
# Helvetica's average character width is about half the font size.
AVERAGE = 0.52


@dataclass(frozen=True)
class Line:
    """One line of text: its font size and its indentation in points."""

    text: str
    size: int = 10
    indent: int = 0
    bold: bool = False


def document(title: str, lines: list[Line]) -> bytes:
    """Return a PDF (1.4) with the lines wrapped on as many pages as necessary."""
    pages = [_content(page) for page in _paginate(_wrap(lines))]
    first = 5  # 1 catalog, 2 page tree, 3 and 4 fonts, then two objects per page, then the title
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        _font("Helvetica"),
        _font("Helvetica-Bold"),
    ]
    for number, content in enumerate(pages):
        objects.append(
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Resources "
                f"<< /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {first + 2 * number + 1} 0 R >>"
            ).encode()
        )
        objects.append(b"<< /Length %d >>\nstream\n" % len(content) + content + b"\nendstream")
    objects.append(b"<< /Title (" + _escape(title) + b") /Producer (SageMaker) >>")
    return _file(objects)


def _font(name: str) -> bytes:
    return (
        f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"
    ).encode()


def _wrap(lines: list[Line]) -> list[Line]:
    wrapped: list[Line] = []
    for line in lines:
        room = int((WIDTH - 2 * MARGIN - line.indent) / (line.size * AVERAGE))
        for text in line.text.splitlines() or [""]:
            for part in textwrap.wrap(text, room) or [""]:
                wrapped.append(Line(part, line.size, line.indent, line.bold))
    return wrapped


def _paginate(lines: list[Line]) -> list[list[Line]]:
    pages: list[list[Line]] = [[]]
    left = HEIGHT - 2 * MARGIN
    for line in lines:
        needed = _leading(line)
        if needed > left and pages[-1]:
            pages.append([])
            left = HEIGHT - 2 * MARGIN
        pages[-1].append(line)
        left -= needed
    return pages


def _leading(line: Line) -> int:
    return int(line.size * 1.4)


def _content(lines: list[Line]) -> bytes:
    parts = [b"BT"]
    height = HEIGHT - MARGIN
    for line in lines:
        height -= _leading(line)
        font = "F2" if line.bold else "F1"
        position = f"/{font} {line.size} Tf 1 0 0 1 {MARGIN + line.indent} {height} Tm"
        parts.append(position.encode() + b" (" + _escape(line.text) + b") Tj")
    parts.append(b"ET")
    return b"\n".join(parts)


def _escape(text: str) -> bytes:
    raw = text.encode("cp1252", errors="replace")
    for special in (b"\\", b"(", b")"):
        raw = raw.replace(special, b"\\" + special)
    return raw


def _file(objects: list[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = len(out)
    count = len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % count
    for offset in offsets:
        out += b"%010d 00000 n \n" % offset
    trailer = f"trailer\n<< /Size {count} /Root 1 0 R /Info {count - 1} 0 R >>\n"
    out += trailer.encode() + b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(out)
