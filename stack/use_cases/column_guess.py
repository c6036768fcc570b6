"""What a column holds, guessed from its values: type, codes, range, whether it may be empty."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from causeway.instants import ISO, UNIX_MILLISECONDS, UNIX_SECONDS, declared_instant
from causeway.use_cases.contracts import INTEGRAL_BOUND, FeatureType
from stack.use_cases.numbers import UNREAD, is_number, may_be_thousands

#: Texts of so many different values become codes; of more, any text is allowed.
CODES: Final = 30
#: A longer text is no code.
LONGEST_CODE: Final = 60
#: A text feature of more different values than this, or of another in every second row, is no
#: input: it is an id, or free text.
CATEGORIES: Final = 200
FORMATS: Final = (
    ISO,
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d",
    "%Y/%m/%d %H:%M:%S",
    "%d.%m.%Y",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y %H:%M:%S",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%Y%m%d",
)
MARKS: Final = {".": "point", ",": "comma"}
_OTHER: Final = {".": ",", ",": "."}
_WHOLE: Final = re.compile(r"[+-]?\d+")
#: How many digits such a time has.
_UNIX: Final = {UNIX_SECONDS: 10, UNIX_MILLISECONDS: 13}


@dataclass(frozen=True)
class ColumnGuess:
    """One column: what its feature declares, and the doubts that a person should look at.

    One that is not `readable` holds numbers with another decimal mark than the file's.
    """

    source: str
    type: FeatureType
    distinct: int
    nullable: bool
    rows: int = 0
    codes: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    time: tuple[str, str | None] | None = None
    doubts: tuple[str, ...] = ()
    readable: bool = True

    @property
    def is_input(self) -> bool:
        """Whether a model can learn from it: a number, or a text of few different values."""
        if self.distinct < 2 or self.time:
            return False
        return self.type != "String" or _repeats(self.distinct, self.rows)


def guess_column(
    source: str, values: Sequence[str], nulls: Sequence[str] = (), decimal: str = "."
) -> ColumnGuess:
    """Guess what a column holds."""
    present = [value for value in values if value and value not in nulls]
    counts = Counter(present)
    nullable, distinct = len(present) < len(values), len(counts)
    if not counts:
        return ColumnGuess(source, "String", 0, nullable, doubts=("it is empty in every row",))
    if all(_WHOLE.fullmatch(text) for text in counts) and not _leading_zeros(counts):
        numbers = [int(text) for text in counts]
        if max(map(abs, numbers)) < INTEGRAL_BOUND:
            return _number(source, "Integral", numbers, nullable)
    if (fractions := _fractions(counts, decimal)) is not None:
        guess = _number(source, "Fractional", fractions, nullable)
        if may_be_thousands(counts, decimal):
            return replace(guess, doubts=(_thousands(decimal), *guess.doubts))
        return guess
    if fault := fault_of_mark(counts, decimal):
        return ColumnGuess(source, "String", distinct, nullable, doubts=(fault,), readable=False)
    if (time := time_format(list(counts))) is not None:
        doubts = [] if time[1] is None else [f"times name no zone: {time[1]} is assumed"]
        if time[0].startswith("%m/%d") and _day_first(counts):
            doubts.append("days and months could be the other way round")
        return ColumnGuess(source, "String", distinct, nullable, time=time, doubts=tuple(doubts))
    return _text(source, counts, len(present), nullable)


def fault_of_mark(texts: Collection[str], decimal: str) -> str | None:
    """Say what is wrong with numbers of which some have the mark that is not the decimal one."""
    other = _OTHER[decimal]
    numbers = all(map(is_number, texts)) and not _leading_zeros(texts)
    if not numbers or not any(other in text for text in texts):
        return None
    return (
        f"numbers with a {MARKS[other]}, where the decimal mark of the file is the "
        f"{MARKS[decimal]}: thousands? {UNREAD}, or write the numbers with the same mark"
    )


def _thousands(decimal: str) -> str:
    return f"three digits after each {MARKS[decimal]} beside whole numbers: thousands? {UNREAD}"


def time_format(texts: Sequence[str], *, unix: bool = False) -> tuple[str, str | None] | None:
    """Return format and zone of times; the zone is None where the texts name theirs."""
    return next((form for form in _forms(unix) if all(_reads(text, *form) for text in texts)), None)


def nearest_time_format(texts: Sequence[str]) -> tuple[str, str | None] | None:
    """Return the format that most of the texts are of; None where none is of any."""
    best = max(_forms(unix=True), key=lambda form: sum(_reads(text, *form) for text in texts))
    return best if any(_reads(text, *best) for text in texts) else None


def fault_of_time(text: str, form: str, zone: str | None) -> str | None:
    """Say what is wrong with a time of a format, or None."""
    try:
        declared_instant(text, form, zone)
    except ValueError as error:
        return str(error)
    return None if _reads(text, form, zone) else f"{text!r} is no time of the format {form}"


def _forms(unix: bool) -> Iterator[tuple[str, str | None]]:
    yield from ((form, None) for form in _UNIX) if unix else ()
    yield (ISO, None)
    yield from ((form, "UTC") for form in FORMATS)


def _reads(text: str, form: str, zone: str | None) -> bool:
    if form in _UNIX:
        return text.isdigit() and len(text) == _UNIX[form]
    if form == "%Y%m%d" and not re.fullmatch(r"(19|20)\d{6}", text):
        return False
    try:
        declared_instant(text, form, zone)
    except ValueError:
        return False
    return not _WHOLE.fullmatch(text) or form == "%Y%m%d"


def _day_first(texts: Counter[str]) -> bool:
    return all(int(text[:2].rstrip("/")) <= 12 and int(text.split("/")[1]) <= 12 for text in texts)


def _leading_zeros(counts: Iterable[str]) -> bool:
    return any(re.match(r"[+-]?0\d", text) for text in counts)


def _fractions(counts: Counter[str], decimal: str) -> list[float] | None:
    if _leading_zeros(counts) or any("_" in text or _OTHER[decimal] in text for text in counts):
        return None
    try:
        numbers = [float(text.replace(decimal, ".")) for text in counts]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _number(
    source: str, type_: FeatureType, numbers: Sequence[float], nullable: bool
) -> ColumnGuess:
    low, high = min(numbers), max(numbers)
    doubts = [f"seen: {low:.10g} to {high:.10g}"]
    if len(numbers) == 1:
        doubts = ["it has one value in every row"]
    return ColumnGuess(
        source,
        type_,
        len(numbers),
        nullable,
        low=_outward(low, -1) if low < 0 else 0,
        high=_outward(high, 1) if high > 0 else 0,
        doubts=tuple(doubts),
    )


def _outward(value: float, sign: int) -> float:
    """Return the next of 1, 2, 5, 10, … beyond a value."""
    size = abs(value)
    power = 10.0 ** math.floor(math.log10(size))
    rounded = next(step * power for step in (1, 2, 5, 10) if size <= step * power * (1 + 1e-12))
    return float(f"{sign * rounded:.10g}")


def _text(source: str, counts: Counter[str], rows: int, nullable: bool) -> ColumnGuess:
    distinct = len(counts)
    doubts = []
    if distinct == 1:
        doubts.append("it has one value in every row")
    if not _repeats(distinct, rows):
        doubts.append(
            f"{distinct} different values in {rows} rows: free text or an id, no input, but "
            "stored; to keep it out of the store put it into data.ignored instead"
        )
    elif distinct > CODES:
        doubts.append(f"{distinct} different values: any text is allowed")
    short = max(map(len, counts)) <= LONGEST_CODE
    codes = tuple(sorted(counts)) if short and distinct <= CODES and 2 * distinct <= rows else ()
    said = tuple(doubts)
    return ColumnGuess(source, "String", distinct, nullable, rows, codes=codes, doubts=said)


def _repeats(distinct: int, rows: int) -> bool:
    """Tell whether a text comes often enough to be learned from."""
    return distinct <= CATEGORIES and 2 * distinct <= rows
