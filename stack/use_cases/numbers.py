"""Numbers as files write them: which mark is the decimal one, and which group thousands.

The contract knows one decimal mark a file and no mark of thousands.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

#: Texts that programs write for no value.
NULLS: Final = ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "?", "-", ".", "<NA>")
#: What is said of marks that group thousands.
UNREAD: Final = "the contract knows no thousands separator; take them out of the file"
_NUMBER: Final = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")
_GROUPED: Final = re.compile(
    r"[+-]?\d{1,3}((\.\d{3})+,\d+|(,\d{3})+\.\d+|(\.\d{3}){2,}|(,\d{3}){2,}"
    r"|([ '\u2019\xa0\u202f]\d{3})+([.,]\d+)?)"
)
#: What may be thousands as well as a fraction.
_THREE_DIGITS: Final = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")


def is_number(text: str) -> bool:
    """Tell whether a text is a number, with either decimal mark."""
    return _NUMBER.fullmatch(text) is not None


def decimal_mark(columns: Iterable[Collection[str]]) -> str:
    """Return the mark that most columns of numbers have before other than three digits."""
    marked = {".": [0, 0], ",": [0, 0]}
    for values in columns:
        numbers = set(values) - {"", *NULLS}
        if not all(map(is_number, numbers)):
            continue
        for mark, counts in marked.items():
            texts = [text for text in numbers if mark in text]
            counts[0] += not all(map(_THREE_DIGITS.fullmatch, texts))
            counts[1] += bool(texts)
    return max(marked, key=marked.__getitem__)


def may_be_thousands(texts: Collection[str], mark: str) -> bool:
    """Tell whether each mark stands before three digits, and some numbers have none."""
    marked = [text for text in texts if mark in text]
    return 0 < len(marked) < len(texts) and all(map(_THREE_DIGITS.fullmatch, marked))


def grouped(values: Collection[str]) -> set[str]:
    """Return the numbers of a column whose thousands are grouped beyond doubt."""
    texts = set(values) - {"", *NULLS}
    some = {text for text in texts if _GROUPED.fullmatch(text)}
    others = texts - some
    # An address, such as 192.168.100.101, has no plain numbers beside it.
    sure = others or any("." in text and "," in text for text in some)
    return some if sure and all(map(is_number, others)) else set()
