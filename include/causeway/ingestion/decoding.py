"""A text file of another form than plain UTF-8: recognised by its first bytes, and decoded.

What the contract declares is read; what it does not declare is named for what it is.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from causeway.errors import BadInput, Problem
from causeway.ingestion.scan import BLOCK_BYTES
from causeway.use_cases.file_formats import FileFormat

GZIP: Final = b"\x1f\x8b"
#: What is no text, by its first bytes.
_BINARY: Final = {
    b"PK\x03\x04": "a zip archive or an Excel workbook",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ\0": "compressed with xz",
    b"\x28\xb5\x2f\xfd": "compressed with zstandard",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
}
#: Byte-order marks; the longer ones first.
_MARKS: Final = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
#: Bytes that a compressed file may have beyond `RATIO` times its own.
FREE: Final = 64 << 20
RATIO: Final = 200


def require_declared_form(path: Path, format_: FileFormat, what: str) -> None:
    """Refuse a file whose first bytes, unpacked, are those of another form than its contract's.

    Raises:
        BadInput: naming the form, and what would declare it.
    """
    if (packed := is_packed(path)) != (format_.compression == "gzip"):
        raise BadInput(
            f"{what} is {'' if packed else 'not '}compressed{' with gzip' if packed else ''}; the "
            f"contract declares `compression: {format_.compression}`",
            next_step="Declare `compression` in `data.format` as it is; nothing was written.",
        )
    head = next(_blocks(path, format_, what))
    for magic, name in _BINARY.items():
        if head.startswith(magic):
            raise BadInput(
                f"{what} is {name}, no text",
                next_step="Hand in a text file; nothing was written.",
            )
    mark = next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)
    if mark and not format_.encoding.startswith(mark):
        raise _of_another_encoding(what, format_, mark)
    if b"\0" in head[:1024] and not format_.encoding.startswith(("utf-16", "utf-32")):
        raise BadInput(
            f"{what} holds bytes of zero: it is no text in {format_.encoding}",
            next_step="Declare its `encoding` in `data.format` (utf-16-le?); nothing was written.",
        )


def _of_another_encoding(what: str, format_: FileFormat, encoding: str) -> BadInput:
    return BadInput(
        f"{what} is text in {encoding.upper()}; the contract declares {format_.encoding}",
        next_step=f"Declare `encoding: {encoding}` in `data.format`, or hand it in as "
        f"{format_.encoding}; nothing was written.",
    )


def is_packed(path: Path) -> bool:
    """Tell whether a file begins as one of gzip does."""
    with path.open("rb") as content:
        return content.read(len(GZIP)) == GZIP


def likely_encoding(path: Path, format_: FileFormat, what: str) -> str:
    """Return the encoding that a file is most likely in; `ascii` where nearly every one reads it.

    Of the encodings of one byte a character nothing tells one from another: cp1252 is named.
    """
    head = next(_blocks(path, format_, what))
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return name
    for name in ("ascii", "utf-8", "cp1252"):
        decoder = codecs.getincrementaldecoder(name)()
        try:
            for block in _blocks(path, format_, what):
                decoder.decode(block, not block)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def declare_encoding(path: Path, format_: FileFormat, what: str) -> str:
    """Return the next step for a file that is not in the declared encoding."""
    likely = likely_encoding(path, format_, what)
    return (
        f"Mend these rows, or declare `encoding` in `data.format`: {likely} would read the whole "
        "file; nothing was written."
    )


def _has_one_byte_each(encoding: str) -> bool:
    """Tell whether each byte is a character in an encoding, those of a letter in UTF-8, too."""
    try:
        return len("ö".encode().decode(encoding)) == 2
    except UnicodeDecodeError:
        return False


def decode(path: Path, format_: FileFormat, what: str, target: Path) -> Path:
    """Write a file as plain UTF-8 without its skipped lines, and return where it is.

    Raises:
        BadInput: it is damaged, too large, or not of the declared encoding; with the row. Text in
            UTF-8 is readable in an encoding of one byte a character, too, as other letters
            (`KÃ¶ln`); it is taken for what it is.
    """
    if _has_one_byte_each(format_.encoding) and likely_encoding(path, format_, what) == "utf-8":
        raise _of_another_encoding(what, format_, "utf-8")
    skip = format_.skip_lines
    with target.open("w", encoding="utf-8", newline="") as out:
        for block in _texts(path, format_, what):
            text = block
            while skip and text:
                _, end, text = _first_line(text)
                skip -= bool(end)
            out.write(text)
    return target


def _first_line(text: str) -> tuple[str, str, str]:
    """Cut a text after its first line end."""
    ends = [end for end in (text.find("\n"), text.find("\r")) if end >= 0]
    if not ends:
        return text, "", ""
    at = min(ends)
    end = "\r\n" if text.startswith("\r\n", at) else text[at]
    return text[:at], end, text[at + len(end) :]


def _texts(path: Path, format_: FileFormat, what: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(format_.encoding)()
    lines, first, pending = 1, True, ""
    for block in _blocks(path, format_, what):
        try:
            text = pending + decoder.decode(block, not block)
        except UnicodeDecodeError as error:
            read = str(error.object[: error.start], format_.encoding, "replace")
            problem = Problem(lines + read.count("\n"), None, None, f"no {format_.encoding}")
            raise BadInput(
                f"{what} is no text in {format_.encoding}",
                [problem],
                next_step=declare_encoding(path, format_, what),
            ) from error
        pending = "\r" if block and text.endswith("\r") else ""  # a line end may go on
        text = text.removesuffix(pending)
        lines += text.count("\n")
        yield text.removeprefix("\ufeff") if first else text
        first = first and not text


def _blocks(path: Path, format_: FileFormat, what: str) -> Iterator[bytes]:
    """Yield the bytes of a file, unpacked, and an empty block at the end."""
    packed = path.stat().st_size
    with path.open("rb") as raw:
        content: IO[bytes] = raw
        if format_.compression == "gzip":
            content = gzip.GzipFile(fileobj=raw)  # type: ignore[assignment]  # reads bytes
        size = 0
        try:
            while block := content.read(BLOCK_BYTES):
                size += len(block)
                if content is not raw and size > FREE + RATIO * packed:
                    raise BadInput(
                        f"{what} unpacks to more than {RATIO} times its size",
                        next_step="Hand in the file as it is, not compressed; nothing was written.",
                    )
                yield block
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise BadInput(
                f"{what} is no readable gzip file: {error}",
                next_step="Hand it in again; nothing was written.",
            ) from error
    yield b""
