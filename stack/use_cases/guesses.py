"""What follows for a use case from a file: id, time, label, what is predicted, and from what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from causeway.instants import declared_instant
from causeway.use_cases.contracts import PARTITIONS, STORE_COLUMNS
from causeway.use_cases.use_case import ProblemType
from stack.processes import StackError
from stack.use_cases.column_guess import ColumnGuess, guess_column, time_format
from stack.use_cases.file_guess import FileGuess, is_number

LABELS: Final = ("label", "target", "class", "outcome", "y", "churn", "default", "survived")
#: A label of numbers with so many different ones, or fewer, is of classes.
CLASSES: Final = 10
#: A text label of more different values is no label of classes.
MOST_CLASSES: Final = 30
FEWEST_ROWS: Final = 50
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
) -> Guess:
    """Guess a use case of a file; what is said of id, time and label is taken as it is.

    Raises:
        StackError: a column is not there, or cannot be what it is said to be.
    """
    _require_columns(file, {"ID": id_column, "TIME": time_column, "LABEL": label})
    columns = {
        name: guess_column(name, values, file.nulls, file.decimal)
        for name, values in file.columns.items()
    }
    doubts: dict[str, str] = {}
    time = _time_of(file, time_column) if time_column else None
    if id_column is None and (id_column := _id_column(file, columns, label)):
        doubts["record_id"] = "its values are all different"
    if label is None:
        label = _label(columns, {id_column, time_column})
        doubts["label"] = "the column that is predicted"
    guess = Guess(
        file=file,
        names=_feature_names(file.columns),
        columns=columns,
        label=label,
        problem="regression",
        id_column=id_column,
        time_column=time_column,
        time=time,
        as_of=datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%dT00:00:00Z"),
        doubts=doubts,
    )
    _label_of_classes(guess)
    _require_ids(guess)
    _ignore(guess)
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
    if file.rows < FEWEST_ROWS:
        raise StackError(f"the file has {file.rows} rows; a model needs {FEWEST_ROWS} or more")


def _ignore(guess: Guess) -> None:
    """Leave out the columns that say nothing."""
    if "" in guess.columns:
        guess.ignored[""] = "a column without a name, as programs write their index"
    for name, column in guess.columns.items():
        if column.distinct < 2 and name not in (guess.label, guess.id_column, guess.time_column):
            guess.ignored[name] = column.doubts[0]


def _time_of(file: FileGuess, name: str) -> tuple[str, str | None]:
    texts = sorted(set(file.columns[name]))
    if "" in texts or set(texts) & set(file.nulls):
        row = next(n for n, text in enumerate(file.columns[name], 2) if text in ("", *file.nulls))
        raise StackError(f"TIME={name}: row {row} has none; leave the column or the row out")
    form = time_format(texts, unix=True)
    if form is None:
        raise StackError(
            f"TIME={name}: {texts[0]!r} is of no format that is known, or others are of another; "
            "leave TIME out and declare `event_time` in the YAML"
        )
    return form


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
    numbers = column.type != "String"
    if numbers and (column.distinct > CLASSES or column.type == "Fractional"):
        return
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
    if guess.id_column is None:
        return
    ids = guess.file.columns[guess.id_column]
    times: Iterable[str] = [""] * len(ids)
    if guess.time_column:
        times = guess.file.columns[guess.time_column]
    keys = Counter(zip(ids, times, strict=True))
    (key, count), *_ = keys.most_common(1)
    if count > 1:
        at = f" at {key[1]}" if key[1] else "; name the column of its times with TIME"
        raise StackError(f"ID={guess.id_column}: {key[0]!r} stands {count} times{at}")
    if "" in set(ids) | set(guess.file.nulls) & set(ids):
        raise StackError(f"ID={guess.id_column}: some rows have none")


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
