"""The base of triggers that wait for a task of ours, and the event that wakes its task."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent


class CausewayTrigger(BaseTrigger):
    """A trigger that is rebuilt from its class path and the arguments of `arguments`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow 3.3 leaves it untyped

    @abstractmethod
    def arguments(self) -> dict[str, Any]:
        """Return the arguments that rebuild this trigger."""

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", self.arguments()


def woken(**payload: Any) -> TriggerEvent:
    """Return the event that resumes a task on a worker."""
    return TriggerEvent(payload)  # type: ignore[no-untyped-call]  # Airflow 3.3 leaves it untyped
