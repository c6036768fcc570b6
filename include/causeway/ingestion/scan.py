"""One reading of a file's bytes: its digest, its size, and what kind of text it is."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from causeway.use_cases.file_formats import FileFormat

BLOCK_BYTES: Final = 4 << 20
PARQUET_MAGIC: Final = b"PAR1"
#: Two line ends in a row: an empty line lies between them.
_EMPTY_LINE: Final = (b"\n\n", b"\n\r", b"\r\r")


@dataclass(frozen=True)
class Scan:
    """What one reading of a file's bytes shows: digest, size, and what kind of text it is.

    Plain is UTF-8 without a quotation mark and without an empty line but at the end, where `end` is
    the end of the last line that is none. Plain text is read by Arrow, other files are read row by
    row: Arrow drops an invalid row that is no UTF-8, and cannot tell an empty line from a row of
    empty values. Numeric is plain and, below the header, of nothing but what decimal numbers are
    written with: only there Arrow's numbers are those of the contract. (It also takes `0x1F`, `nan`
    and blanks.)
    """

    sha256: str
    size: int
    plain: bool
    numeric: bool = False
    end: int = 0


def scan(path: Path, format_: FileFormat) -> Scan:
    """Read a file once, in blocks."""
    with path.open("rb") as content:
        end = _end(content)
        content.seek(0)
        parquet = is_parquet(path)
        digest, size, text = hashlib.sha256(), 0, _Text(format_, plain=not parquet)
        while block := content.read(BLOCK_BYTES):
            digest.update(block)
            text.look(block[: max(0, end - size)])
            size += len(block)
    plain = text.ended()
    return Scan(digest.hexdigest(), size, plain, plain and text.numeric, end)


class _Text:
    """What the blocks of a file are, looked at one after the other."""

    def __init__(self, format_: FileFormat, *, plain: bool) -> None:
        self._plain = plain
        self.numeric = plain and format_.decimal == "."
        self._header = format_.header
        self._quote = format_.quote.encode()
        self._numbers = b"0123456789+-.eE\r\n" + format_.separator.encode()
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._last = b"\n"  # a line end right at the beginning is an empty line, too

    def look(self, block: bytes) -> None:
        """Look at the next block."""
        if not block or not self._plain:
            return
        joint = self._last + block[:1]
        self._last = block[-1:]
        if any(pair in block for pair in _EMPTY_LINE) or joint in _EMPTY_LINE:
            self._plain = False
            return
        if self.numeric:
            body = block
            if self._header:
                _, *rest = re.split(rb"[\r\n]", block, maxsplit=1)
                body, self._header = b"".join(rest), not rest
            self.numeric = not body.translate(None, self._numbers)
            if self.numeric and body is block:
                return  # which is plain, too
        quoted = bool(self._quote) and self._quote in block
        self._plain = not quoted and self._decodes(block)

    def ended(self) -> bool:
        """Tell whether all of it was plain."""
        return self._plain and self._decodes(b"", final=True)

    def _decodes(self, block: bytes, *, final: bool = False) -> bool:
        try:
            self._decoder.decode(block, final)
        except UnicodeDecodeError:
            return False
        return True


def _end(content: IO[bytes]) -> int:
    """Return where a file ends, the line ends at its end left out."""
    end = content.seek(0, 2)
    while end:
        start = max(0, end - BLOCK_BYTES)
        content.seek(start)
        rest = content.read(end - start).rstrip(b"\r\n")
        if rest:
            return start + len(rest)
        end = start
    return 0


def is_parquet(path: Path) -> bool:
    """Whether a file begins as a Parquet file does."""
    with path.open("rb") as content:
        return content.read(4) == PARQUET_MAGIC
