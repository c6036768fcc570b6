"""What follows for a use case from a file: id, time, label, what is predicted, and from what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from causeway.errors import BadInput
from causeway.ingestion.records import Reject, first_problems
from causeway.instants import declared_instant
from causeway.use_cases.contracts import PARTITIONS, STORE_COLUMNS
from causeway.use_cases.use_case import ProblemType
from stack.processes import StackError
from stack.use_cases.column_guess import (
    ColumnGuess,
    fault_of_time,
    guess_column,
    nearest_time_format,
)
from stack.use_cases.file_guess import FileGuess
from stack.use_cases.numbers import UNREAD, grouped, is_number

LABELS: Final = ("label", "target", "class", "outcome", "y", "churn", "default", "survived")
#: A label of numbers with so many different ones, or fewer, is of classes.
CLASSES: Final = 10
#: A text label of more different values is no label of classes.
MOST_CLASSES: Final = 30
FEWEST_ROWS: Final = 50
#: Of the values of a label so many are texts where a few among numbers are a mistake; a share.
RARELY: Final = 0.1
#: Bad values that are named.
SHOWN: Final = 10
#: What a label that means "not" may be: the favourable one comes last.
NEGATIVE: Final = ("0", "no", "false", "n", "f", "bad", "negative", "none", "-1")
#: Names that mean something else to the store: its partitions, its columns, id and time.
RESERVED: Final = STORE_COLUMNS | PARTITIONS | {"record_id", "event_time"}


@dataclass
class Guess:
    """All that is guessed; `doubts` are of the use case as a whole, by the key that they are of."""

    file: FileGuess
    names: dict[str, str]
    columns: dict[str, ColumnGuess]
    label: str
    problem: ProblemType
    classes: tuple[str, ...] = ()
    id_column: str | None = None
    time_column: str | None = None
    time: tuple[str, str | None] | None = None
    as_of: str = ""
    by_time: bool = False
    ignored: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)

    @property
    def features(self) -> list[ColumnGuess]:
        """The columns that become features, without the label."""
        others = {self.label, self.id_column, self.time_column}
        return [c for name, c in self.columns.items() if name not in others | self.ignored.keys()]

    @property
    def inputs(self) -> list[str]:
        """The names of the features that the model reads; of a time the days before the event's."""
        names = [self.names[column.source] for column in self.features if column.is_input]
        return [*names, *(self.days_of(column) for column in self.features if column.time)]

    @property
    def labels(self) -> list[str]:
        """The labels of the rows that have one."""
        values = self.file.columns[self.label]
        return [value for value in values if value and value not in self.file.nulls]

    @property
    def rarest(self) -> float:
        """The share of the rarest class; of a regression 1."""
        return Counter(self.labels).most_common()[-1][1] / len(self.labels) if self.classes else 1

    @property
    def most_frequent(self) -> float:
        """The share of the most frequent class."""
        return Counter(self.labels).most_common(1)[0][1] / len(self.labels)

    def days_of(self, column: ColumnGuess) -> str:
        """Return the name of the feature that is derived of a time."""
        return f"{self.names[column.source]}_days"


def guess_use_case(
    file: FileGuess,
    path: Path,
    *,
    id_column: str | None = None,
    time_column: str | None = None,
    label: str | None = None,
    labelled: bool = True,
) -> Guess:
    """Guess a use case of a file; what is said of id, time and label is taken as it is.

    A file that is not `labelled` is a further source: it has no label, and no model is of it alone.

    Raises:
        BadInput: rows hold what a column that was named cannot hold.
        StackError: a column is not there, or cannot be what it is said to be.
    """
    _require_columns(file, {"ID": id_column, "TIME": time_column, "LABEL": label})
    if labelled and file.rows < FEWEST_ROWS:
        raise StackError(f"the file has {file.rows} rows; a model needs {FEWEST_ROWS} or more")
    _refuse_thousands(file)
    columns = {
        name: guess_column(name, values, file.nulls, file.decimal)
        for name, values in file.columns.items()
    }
    doubts: dict[str, str] = {}
    time = _time_of(file, time_column) if time_column else None
    if id_column is None and (id_column := _id_column(file, columns, label)):
        doubts["record_id"] = "its values are all different"
    if label is None and labelled:
        label = _label(columns, {id_column, time_column})
        doubts["label"] = "the column that is predicted"
    guess = Guess(
        file=file,
        names=_feature_names(file.columns),
        columns=columns,
        label=label or "",
        problem="regression",
        id_column=id_column,
        time_column=time_column,
        time=time,
        as_of=datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%dT00:00:00Z"),
        doubts=doubts,
    )
    if labelled:
        _label_of_classes(guess)
    _require_ids(guess)
    _ignore(guess)
    if not labelled:
        return guess
    guess.by_time = time is not None and _splits_by_time(guess)
    if not guess.inputs:
        raise StackError("the file has no column that a model can learn from")
    return guess


def _require_columns(file: FileGuess, said: dict[str, str | None]) -> None:
    for key, name in said.items():
        if name is not None and name not in file.columns:
            raise StackError(
                f"{key}={name}: the file has no such column; use one of {', '.join(file.columns)}"
            )


def _refuse_thousands(file: FileGuess) -> None:
    for name, values in file.columns.items():
        if texts := grouped(values):
            raise _bad(file, name, dict.fromkeys(texts, f"has groups of thousands: {UNREAD}"))


def _ignore(guess: Guess) -> None:
    """Leave out the columns that say nothing, or not what could be read."""
    if "" in guess.columns:
        guess.ignored[""] = "a column without a name, as programs write their index"
    for name, column in guess.columns.items():
        useless = column.distinct < 2 or not column.readable
        if useless and name not in (guess.label, guess.id_column, guess.time_column):
            guess.ignored[name] = column.doubts[0]


def _time_of(file: FileGuess, name: str) -> tuple[str, str | None]:
    """Return how a column's times are written.

    Raises:
        BadInput: naming the rows whose value is none, or is written in another way than most.
    """
    texts = file.columns[name]
    distinct = sorted(set(texts) - {"", *file.nulls})
    form = nearest_time_format(distinct)
    if form is None:
        raise _bad(
            file, name, dict.fromkeys(distinct, "is of no format of times that is known"), "TIME"
        )
    faults = {text: fault for text in distinct if (fault := fault_of_time(text, *form))}
    faults |= dict.fromkeys({"", *file.nulls} & set(texts), "is no time")
    if faults:
        raise _bad(file, name, faults, "TIME", f", as {form[0]!r} of others")
    return form


#: What else can be done about values that cannot be what their column is said to hold.
_OR: Final = {
    "TIME": ", or leave TIME out and declare `event_time` in the YAML",
    "LABEL": ", or name another column with LABEL",
}


def _bad(
    file: FileGuess,
    column: str,
    faults: Mapping[str, str],
    key: str = "column",
    others: str = "",
) -> BadInput:
    """Return the error for values that cannot be what their column is said to hold."""
    rejects = [
        Reject(row, column, text, faults[text])
        for row, text in zip(file.numbers, file.columns[column], strict=True)
        if text in faults
    ]
    problems, said = first_problems(rejects, SHOWN)
    return BadInput(
        f"{key}={column}: {len(rejects)} of {file.rows} rows cannot be read{others}",
        problems,
        more=len(rejects) - said,
        next_step=f"Mend these rows{_OR.get(key, '')}; nothing was written.",
    )


def _id_column(file: FileGuess, columns: dict[str, ColumnGuess], label: str | None) -> str | None:
    """Return the first column that is named like an id and has another value in each row."""
    for name, column in columns.items():
        words = re.split(r"[^a-z0-9]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
        named = {"id", "key", "uuid", "number", "no", "nr"} & set(words)
        if named and name != label and column.distinct == file.rows and column.type != "Fractional":
            return name
    return None


def _label(columns: dict[str, ColumnGuess], taken: set[str | None]) -> str:
    usable = [name for name, column in columns.items() if name not in taken and not column.time]
    named = [name for name in usable if name.lower() in LABELS]
    if not usable:
        raise StackError("the file has no column that could be a label")
    return named[0] if named else usable[-1]


def _label_of_classes(guess: Guess) -> None:
    column, values = guess.columns[guess.label], guess.labels
    if column.distinct < 2:
        raise StackError(f"LABEL={guess.label}: it has one value in every row")
    if not column.readable:
        raise StackError(f"LABEL={guess.label}: {column.doubts[0]}")
    numbers = column.type != "String"
    if numbers and (column.distinct > CLASSES or column.type == "Fractional"):
        return
    texts = {text for text in values if not is_number(text)}
    if not column.time and 0 < len(texts) < RARELY * column.distinct:
        faults = dict.fromkeys(texts, "is no number, as nearly all others are")
        raise _bad(guess.file, guess.label, faults, "LABEL")
    if column.distinct > MOST_CLASSES or column.time:
        raise StackError(
            f"LABEL={guess.label}: {column.distinct} different texts; a label is a number or one "
            f"of {MOST_CLASSES} classes at most"
        )
    texts = set(values)
    guess.classes = tuple(
        sorted(
            texts,
            key=lambda text: (text.lower() not in NEGATIVE, is_number(text) and float(text), text),
        )
    )
    guess.problem = "binary classification" if len(texts) == 2 else "multi-class classification"
    rare, count = Counter(values).most_common()[-1]
    if count < 10:
        raise StackError(
            f"LABEL={guess.label}: the class {rare!r} has {count} row(s); training, validation and "
            "test part need some of each. Leave it out, or join it with another."
        )


def _require_ids(guess: Guess) -> None:
    """Refuse ids that are none, or that two rows have at one time.

    Raises:
        BadInput: naming the rows.
    """
    if guess.id_column is None:
        return
    file, column = guess.file, guess.id_column
    ids, missing = file.columns[column], {"", *file.nulls}
    if missing & set(ids):
        raise _bad(file, column, dict.fromkeys(missing, "the record has no id"), "ID")
    times: Iterable[str] = [""] * len(ids)
    if guess.time_column:
        times = file.columns[guess.time_column]
    keys = list(zip(ids, times, strict=True))
    counts = Counter(keys)
    rejects = [
        Reject(row, column, key[0], f"stands {counts[key]} times{key[1] and f' at {key[1]}'}")
        for row, key in zip(file.numbers, keys, strict=True)
        if counts[key] > 1
    ]
    if rejects:
        problems, said = first_problems(rejects, SHOWN)
        at = " at the same time" if guess.time_column else ""
        raise BadInput(
            f"ID={column}: {len(rejects)} of {file.rows} rows have an id that another has{at}",
            problems,
            more=len(rejects) - said,
            next_step="Take the repeated rows out, or name another column with ID"
            + ("." if guess.time_column else ", or the column of their times with TIME."),
        )


def _splits_by_time(guess: Guess) -> bool:
    """Tell whether the latest rows hold enough of each class to test with."""
    if guess.time is None or guess.time_column is None:
        return False
    form, zone = guess.time
    stamps = guess.file.columns[guess.time_column]
    moments = {text: declared_instant(text, form, zone) for text in set(stamps)}
    if len(moments) < 10:
        return False
    order = sorted(range(len(stamps)), key=lambda row: moments[stamps[row]])
    labels = guess.file.columns[guess.label]
    latest = Counter(labels[row] for row in order[-max(1, len(order) * 15 // 100) :])
    middle = Counter(labels[row] for row in order[len(order) * 70 // 100 : len(order) * 85 // 100])
    return all(min(latest[name], middle[name]) >= 5 for name in guess.classes)


def _feature_names(columns: Iterable[str]) -> dict[str, str]:
    """Return a feature name for each column: lower case, letters, digits and `_`, each once."""
    names: dict[str, str] = {}
    for column in columns:
        spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", column)
        name = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")[:58] or "column"
        if name[0].isdigit():
            name = f"n_{name}"
        if name in RESERVED:
            name = f"{name}_value"
        number, taken = 2, set(names.values())
        plain = name.rstrip("_")
        name = plain
        while name in taken:
            name, number = f"{plain}_{number}", number + 1
        names[column] = name
    return names
