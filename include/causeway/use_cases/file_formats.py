"""How a raw file is written: what the contract declares, and the only rules that it is read by.

A Parquet file says of itself what is in it; of these only the format of times holds for it.
"""

from __future__ import annotations

import codecs
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from causeway.documents import Strict
from causeway.instants import ISO, UNIX_MILLISECONDS, UNIX_SECONDS

#: What stands for no value, besides an empty text.
Nulls = tuple[Annotated[str, Field(min_length=1)], ...]
#: A column of a raw file by its name there, whatever that is.
ColumnName = Annotated[str, Field(max_length=1024)]


class FileFormat(Strict):
    """How the raw file is written.

    `quote` is empty where nothing is quoted. `skip_lines` are lines before the header. `nulls` are
    texts that stand for no value, besides an empty one, quoted or not; a feature may declare
    others. Nothing else is trimmed, guessed or repaired.
    """

    separator: Annotated[str, Field(min_length=1, max_length=1)]
    header: bool = True
    quote: Annotated[str, Field(max_length=1)] = '"'
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"
    compression: Literal["none", "gzip"] = "none"
    skip_lines: Annotated[int, Field(ge=0, le=10_000)] = 0
    nulls: Nulls = ()

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            name = codecs.lookup(value).name
            "".encode(name)
        except (LookupError, TypeError, ValueError) as error:
            raise ValueError(f"{value!r} is no encoding of texts, such as utf-8, cp1252") from error
        return name

    @model_validator(mode="after")
    def _apart(self) -> FileFormat:
        marks = [self.separator, *self.quote]
        if any(mark in "\r\n\0" or not mark.isascii() for mark in marks):
            raise ValueError("separator and quote are ASCII characters, and no line ends")
        if self.separator == self.quote:
            raise ValueError(f"{self.quote!r} cannot be both separator and quote")
        return self

    @property
    def is_plain(self) -> bool:
        """Whether its bytes are read as they are: UTF-8, not compressed, nothing skipped."""
        return self.encoding == "utf-8" and self.compression == "none" and not self.skip_lines


class TimeFormat(Strict):
    """How a time is written: `iso`, `unix_seconds`, `unix_milliseconds`, or a pattern (`%Y/%m/%d`).

    The pattern is that of Python's `strptime`. `zone` (`UTC`, `Europe/Berlin`) is that of times
    that name none; without it they are refused.
    """

    format: str = ISO
    zone: str | None = None

    @model_validator(mode="after")
    def _readable(self) -> TimeFormat:
        check_time_format(self.format, self.zone)
        return self


def check_time_format(form: str, zone: str | None) -> None:
    """Raise ValueError for a format of times, or a zone, that is none."""
    if form not in (ISO, UNIX_SECONDS, UNIX_MILLISECONDS) and "%" not in form:
        raise ValueError(
            f"{form!r} is no format of times; allowed: {ISO}, {UNIX_SECONDS}, "
            f"{UNIX_MILLISECONDS}, or a pattern such as %Y/%m/%d"
        )
    if "%" in form and "%z" not in form and zone is None:
        raise ValueError(f"{form!r} names no zone: give `zone`, such as UTC")
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"{zone!r} is no time zone, such as UTC, Europe/Berlin") from error
