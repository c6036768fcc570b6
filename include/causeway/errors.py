# ruff: noqa: N818 - the names say what happened (Superseded, BadInput); the root says Error
"""The one tree of errors: what was being done, in which account, as whom, and the next step.

`retryable` tells the adaptors whether another attempt can succeed; everything else fails at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

#: Further rows with the same fault that are named.
ALIKE: Final = 4


class CausewayError(Exception):
    """The root of the tree; `what` says what was being done and what was wrong with it."""

    retryable: ClassVar[bool] = False

    def __init__(
        self,
        what: str,
        *,
        account: str | None = None,
        principal: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.account = account
        self.principal = principal
        self.next_step = next_step

    def __str__(self) -> str:
        where = ", ".join(
            f"{name} {value}"
            for name, value in (("account", self.account), ("principal", self.principal))
            if value
        )
        text = f"{self.what} ({where})" if where else self.what
        return f"{text}\nNext step: {self.next_step}" if self.next_step else text


class ConfigError(CausewayError):
    """A topology or use-case file breaks its rules."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with an input, in a row or in several alike.

    A row is numbered as it is in the file: in a text by the line that it begins in, the header
    being 1, in a Parquet file from 1. `others` are further rows with the same value and fault.
    """

    row: int | None
    column: str | None
    value: str | None
    reason: str
    others: tuple[int, ...] = ()

    def __str__(self) -> str:
        parts = [f"row {self.row}"] if self.row is not None else []
        if self.others:
            shown = ", ".join(map(str, (self.row, *self.others[:ALIKE])))
            more = len(self.others) - ALIKE
            parts = [f"rows {shown}" + (f" and {more} more" if more > 0 else "")]
        parts += [f"column {self.column!r}"] if self.column is not None else []
        parts += [f"value {self.value!r}"] if self.value is not None else []
        return f"{', '.join(parts)}: {self.reason}" if parts else self.reason


class BadInput(CausewayError):
    """A file or record breaks its contract; `problems` holds what was found, in file order."""

    def __init__(
        self,
        what: str,
        problems: Sequence[Problem] = (),
        *,
        more: int = 0,
        account: str | None = None,
        principal: str | None = None,
        next_step: str | None = None,
    ) -> None:
        lines = [what, *(f"- {problem}" for problem in problems)]
        if more:
            lines.append(f"- and {more} more")
        super().__init__(
            "\n".join(lines), account=account, principal=principal, next_step=next_step
        )
        self.problems = tuple(problems)
        self.more = more


class ApprovalRefused(CausewayError):
    """The guard refused to turn a request for approval (a gesture) into a decision.

    `quarantine` is true when the gesture itself is suspect (an unknown principal, a person who is
    not entitled, the trainer, a version bound to no digest); false when it only came too early or
    too late.
    """

    def __init__(
        self,
        what: str,
        *,
        quarantine: bool = False,
        account: str | None = None,
        principal: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what, account=account, principal=principal, next_step=next_step)
        self.quarantine = quarantine


class GateFailed(CausewayError):
    """A candidate did not pass its quality gates, or a gate could not be evaluated."""


class LeaseHeld(CausewayError):
    """Another run holds the lease on the endpoint; it will be released or expire."""

    retryable = True


class Superseded(CausewayError):
    """A newer version is live or being deployed; this promotion ends here."""


class UnexpectedState(CausewayError):
    """Something is in a state that is unknown, or that does not allow the next step."""


class StillRunning(CausewayError):
    """What a task waits for has not ended in time; the next attempt goes on waiting."""

    retryable = True


class NotFound(UnexpectedState):
    """A thing that a decision or a run refers to does not exist."""


class NameTaken(UnexpectedState):
    """A deterministic name is in use by something that was made from other inputs."""


class SharingError(CausewayError):
    """A share cannot be planned, accepted or used."""


class NotSharedYet(SharingError):
    """A share is not active yet; try again later."""

    retryable = True


class PartialWrite(CausewayError):
    """The service kept only some of the records; writing the rest again is safe."""

    retryable = True


class StaleDelete(BadInput):
    """A deletion is not later than the record it is for: the store would ignore it."""


class NotArrivedYet(CausewayError):
    """What was written has not reached the offline store yet; try again later."""

    retryable = True


class JobFailed(CausewayError):
    """A processing or training job failed in all of the attempts allowed."""


class DeploymentFailed(CausewayError):
    """An endpoint does not serve the requested configuration with the approved artifact."""


class GuardsDiffer(CausewayError):
    """Roles, trust or resource policies of an account are not as they are declared."""


class WriteConflict(CausewayError):
    """A conditional write found another state than the one it was planned against."""

    retryable = True
