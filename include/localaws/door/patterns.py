r"""The regular expressions of the service models, as Java reads them.

The models are written for Java (`java.util.regex.Pattern`): `\p{L}` is a Unicode category,
`\p{Alnum}` is ASCII, `\w` and `\d` are ASCII, an anchor may be repeated (`${1,256}`), and a
character above U+FFFF is written as two surrogates. The package `regex` knows categories; the rest
is translated. A test compiles every pattern of every served operation.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import regex

# Java's POSIX classes are ASCII only. These are the ones that the models use.
ASCII_CLASSES = {"Alnum": "a-zA-Z0-9", "ASCII": r"\x00-\x7F", "Print": r"\x20-\x7E"}
_ASCII_CLASS = regex.compile(r"\\p\{(Alnum|ASCII|Print)\}")
_REPEATED_END = regex.compile(r"\$\{\d+(,\d*)?\}")
_SURROGATES = regex.compile(r"\\u(D[89AB][0-9A-F]{2})\\u(D[C-F][0-9A-F]{2})", regex.IGNORECASE)


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> Any:
    """Return a model's pattern, to be matched as a whole; ValueError if it is not understood."""
    try:
        # Unicode categories need the Unicode mode; the others are ASCII, as in Java.
        flags = 0 if regex.search(r"\\[pP]\{", pattern) else regex.ASCII
        return regex.compile(_translated(pattern), flags)
    except regex.error as error:
        raise ValueError(f"the pattern {pattern!r} cannot be compiled: {error}") from error


def _translated(pattern: str) -> str:
    text = _REPEATED_END.sub("$", pattern)
    text = _SURROGATES.sub(_character, text)
    return str(_ASCII_CLASS.sub(_ascii_class, text))


def _character(pair: Any) -> str:
    high, low = (int(part, 16) for part in pair.groups())
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"


def _ascii_class(name: Any) -> str:
    characters = ASCII_CLASSES[name[1]]
    return characters if _in_brackets(name.string[: name.start()]) else f"[{characters}]"


def _in_brackets(before: str) -> bool:
    plain = regex.sub(r"\\.", "", before)
    return bool(plain.rfind("[") > plain.rfind("]"))
