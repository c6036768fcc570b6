"""One reading of a file's bytes: its digest, its size, and what kind of text it is."""

from __future__ import annotations

import codecs
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from causeway.use_cases.contracts import FileFormat

BLOCK_BYTES: Final = 4 << 20
PARQUET_MAGIC: Final = b"PAR1"


@dataclass(frozen=True)
class Scan:
    """What one reading of a file's bytes shows: digest, size, and what kind of text it is.

    Plain is UTF-8 without a quotation mark, which Arrow reads. Other files are read line by line: a
    mark that is never closed would swallow lines, and Arrow drops an invalid row that is no UTF-8.
    Numeric is plain and, below the header, of nothing but what decimal numbers are written with:
    only there Arrow's numbers are those of the contract. (It also takes `0x1F`, `nan` and blanks.)
    """

    sha256: str
    size: int
    plain: bool
    numeric: bool = False


def scan(path: Path, format_: FileFormat) -> Scan:
    """Read a file once, in blocks."""
    digest, size, plain = hashlib.sha256(), 0, not is_parquet(path)
    numeric, header = plain, format_.header
    numbers = b"0123456789+-.eE\r\n" + format_.separator.encode()
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as content:
        while block := content.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
            if numeric:
                body = re.split(rb"[\r\n]", block, maxsplit=1)[-1] if header else block
                numeric, header = not body.translate(None, numbers), False
                if numeric and body is block:
                    continue  # which is plain, too
            plain = plain and b'"' not in block and _decodes(decoder, block)
    plain = plain and _decodes(decoder, b"", final=True)
    return Scan(digest.hexdigest(), size, plain, plain and numeric)


def _decodes(decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeDecodeError:
        return False
    return True


def is_parquet(path: Path) -> bool:
    """Whether a file begins as a Parquet file does."""
    with path.open("rb") as content:
        return content.read(4) == PARQUET_MAGIC
