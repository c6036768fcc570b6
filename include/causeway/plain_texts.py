"""Texts in the alphabet that AWS takes for tags and customer metadata.

Letters, digits, blanks and `_.:/=+-@` are allowed, 256 characters at most, of a tag's key 128
(SageMaker API reference, `Tag` and `CreateModelPackage`). A text with any other character is
written with `==` before it, and such a character and `=` as `=` and the two hexadecimal digits of
each byte of its UTF-8. A text that others wrote stays as it is, `s3://b/day=27/` too: only what
begins with `==` is read as escaped, and of ours that is nothing else.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from causeway.errors import BadInput

#: The longest value of a tag or of a customer metadata property (SageMaker API reference).
LONGEST: Final = 256
LONGEST_KEY: Final = 128
_PUNCTUATION: Final = frozenset("_.:/=+-@")
_MARK: Final = "=="
_ESCAPED: Final = re.compile(r"(?:=[0-9A-F]{2})+")


def is_plain(text: str, longest: int = LONGEST) -> bool:
    """Tell whether AWS takes a text as it is."""
    return len(text) <= longest and all(map(_allowed, text))


def encoded(text: str, what: str) -> str:
    """Return a text in the alphabet; BadInput, naming `what`, when it is none or gets too long."""
    _refuse_surrogates(text, what)
    plain = text
    if text.startswith(_MARK) or not all(map(_allowed, text)):
        plain = _MARK + "".join(c if _allowed(c) and c != "=" else _escaped(c) for c in text)
    if len(plain) > LONGEST:
        raise BadInput(
            f"{what}: {len(plain)} characters as AWS takes them, {LONGEST} at most: {plain[:40]}…",
            next_step="shorten it",
        )
    return plain


def clipped(text: str, what: str) -> str:
    """Return as much of a text as AWS takes, encoded; BadInput, naming `what`, when it is none."""
    length = min(len(text), LONGEST)
    while True:
        cut = text if length == len(text) else f"{text[:length]}..."
        try:
            return encoded(cut, what)
        except BadInput:
            if len(cut) * 12 < LONGEST:  # it is not too long: a character is 12 at most
                raise
        length -= max(1, length // 10)


def decoded(text: str) -> str:
    """Return what `encoded` was given; what it did not write stays as it is."""
    return _read(text.removeprefix(_MARK)) if text.startswith(_MARK) else text


def encoded_metrics(metrics: Mapping[str, float]) -> str:
    """Write as many metrics, by name, as fit: `auc=0.78 mse=0.2`, with six decimals."""
    line = ""
    for name in sorted(metrics):
        _refuse_surrogates(name, "a metric's name")
        key = "".join(c if _allowed(c, "LN") and c != "=" else _escaped(c) for c in name)
        longer = f"{line} {key}={round(metrics[name], 6)}".strip()
        if len(longer) <= LONGEST:
            line = longer
    return line


def decoded_metrics(line: str) -> dict[str, float]:
    """Read such a line; ValueError for another text, and for a number that is none."""
    pairs = [part.rpartition("=") for part in line.split(" ") if part]
    metrics = {_read(key): float(value) for key, _, value in pairs}
    if not all(map(math.isfinite, metrics.values())):
        raise ValueError(f"a metric is not finite: {line}")
    return metrics


def _allowed(character: str, categories: str = "LNZ") -> bool:
    return character in _PUNCTUATION or unicodedata.category(character)[0] in categories


def _refuse_surrogates(text: str, what: str) -> None:
    if any(unicodedata.category(character) == "Cs" for character in text):
        raise BadInput(
            f"{what}: {text!r} has half of a pair of surrogates, which is no character",
            next_step="correct the text where it comes from",
        )


def _escaped(character: str) -> str:
    return "".join(f"={byte:02X}" for byte in character.encode())


def _read(text: str) -> str:
    return _ESCAPED.sub(_unescaped, text)


def _unescaped(match: re.Match[str]) -> str:
    try:
        return bytes.fromhex(match[0].replace("=", "")).decode()
    except UnicodeDecodeError:
        return match[0]
