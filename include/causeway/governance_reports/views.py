"""What reports are made of: a model with its versions, and what production served when."""

from __future__ import annotations

from dataclasses import dataclass

from causeway.deployment.periods import Period
from causeway.governance.board import VersionView
from causeway.governance.use_case_record import UseCaseRecord
from causeway.use_cases.use_case import ModelSpec, UseCase


@dataclass(frozen=True)
class ModelView:
    """A model: its versions and the periods of its production endpoint, the latest first."""

    case: UseCase
    model: ModelSpec
    versions: tuple[VersionView, ...]
    periods: tuple[Period, ...]
    #: The record of its use case; None where there is none.
    record: UseCaseRecord | None = None

    @property
    def live(self) -> Period | None:
        """What production serves now; None for nothing."""
        return next((period for period in self.periods if period.until is None), None)
