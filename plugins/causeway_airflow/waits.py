"""A wait as data: what is asked, where the status stands in the answer, and which table reads it.

A task's body returns `Done` or `Pending`; `bases.waiting` owns bound, timeout and resume,
`triggers.waiting` asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, Self, TypeVar

R = TypeVar("R")


#: How much longer each interval between two looks is than the one before.
GROWTH = 1.5


def intervals(first: float, longest: float, seconds: float) -> Iterator[float]:
    """Yield the intervals between looks that fit into so many seconds: they grow to `longest`."""
    interval = first
    while seconds >= interval:
        yield interval
        seconds -= interval
        interval = min(max(interval, longest), interval * GROWTH)


@dataclass(frozen=True)
class Question:
    """A call of a hook: the hook's dotted path, the method or AWS operation, its arguments."""

    hook: str
    call: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Wait:
    """What a task waits for.

    `what` says it in words, `unfinished` what is said of it when the wait was not long enough, with
    `next_step`. `ask` is an AWS operation, in whose reply the status stands at `path`
    (dotted) and is read by the table of `enum` (`causeway.statuses`); or, where `path` is empty, a
    method of the hook that returns a `Meaning`. `progress` is a method that takes a `cursor` and
    returns the lines that are new since the last call; `stop` is called when a person ends the
    waiting task. `connection` asks where the task's own does not. `seconds` is how long it is
    waited for, where that is shorter than the task waits.
    """

    what: str
    ask: Question
    path: str = ""
    enum: str = ""
    progress: Question | None = None
    stop: Question | None = None
    connection: str = ""
    seconds: float | None = None
    unfinished: str = "is still running"
    next_step: str = "Re-run the task: it adopts what runs and goes on waiting."

    def document(self) -> dict[str, Any]:
        """Return the wait as JSON-able values, as a trigger's arguments."""
        return asdict(self)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Read what `document` returned."""
        questions = {
            name: Question(**document[name])
            for name in ("ask", "progress", "stop")
            if document.get(name)
        }
        return cls(**{**document, **questions})


@dataclass(frozen=True)
class Done(Generic[R]):
    """Nothing is left to wait for."""

    result: R


@dataclass(frozen=True)
class Pending(Generic[R]):
    """Something is left to wait for.

    With `ends_task` the trigger ends the task on success without a worker: `result` is then handed
    over before the wait. `carried` goes to the resumed task. `anew` says that what was waited for
    has ended and something else has begun since: a resumed task waits again instead of failing.
    """

    wait: Wait
    result: R | None = None
    ends_task: bool = False
    carried: Mapping[str, Any] = field(default_factory=dict)
    anew: bool = False


Outcome = Done[R] | Pending[R]
