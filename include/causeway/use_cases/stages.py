"""The stages of a use case's life and its risk; its record says in which stage it is."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Literal

#: Risk by the EU AI Act that a use case may have; `unacceptable` is the fourth, and refused.
UseCaseRisk = Literal["high", "limited", "minimal"]
UNACCEPTABLE: Final = "unacceptable"
#: What stands where a use case has no record and so no stage.
UNRECORDED: Final = "not recorded"


class UseCaseStage(StrEnum):
    """The stages of a use case."""

    POC = "poc"
    DEVELOPMENT = "development"
    QA = "qa"
    PRE_PRODUCTION = "pre-production"
    PRODUCTION = "production"
    RETIRED = "retired"

    @property
    def rank(self) -> int:
        """How far it has come; a retired use case is at the end."""
        return _ORDER.index(self)

    @property
    def next(self) -> UseCaseStage | None:
        """The stage that follows; nothing follows the last."""
        return _ORDER[self.rank + 1] if self is not UseCaseStage.RETIRED else None


_ORDER: Final = tuple(UseCaseStage)
