"""What every status of AWS means to a wait: go on waiting, success, or failure.

The tables of jobs, endpoints and feature groups are the domain's (`causeway.training`, `rollout`,
`features`); these are the two that no rule of ours depends on. Every value of the botocore enum is
listed, and a test compares all the tables with the installed service model. A value that is not
listed is a failure: an unknown state must never pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Outcome = Literal["waiting", "success", "failure"]
StatusTable = Mapping[str, Outcome]

MODEL_PACKAGE: StatusTable = {
    "Pending": "waiting",
    "InProgress": "waiting",
    "Completed": "success",
    "Failed": "failure",
    "Deleting": "failure",
}

# A stack that rolled back holds what it held before: what was asked for did not happen.
STACK: StatusTable = {
    "CREATE_IN_PROGRESS": "waiting",
    "ROLLBACK_IN_PROGRESS": "waiting",
    "DELETE_IN_PROGRESS": "waiting",
    "UPDATE_IN_PROGRESS": "waiting",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": "waiting",
    "UPDATE_ROLLBACK_IN_PROGRESS": "waiting",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": "waiting",
    "IMPORT_IN_PROGRESS": "waiting",
    "IMPORT_ROLLBACK_IN_PROGRESS": "waiting",
    "CREATE_COMPLETE": "success",
    "UPDATE_COMPLETE": "success",
    "IMPORT_COMPLETE": "success",
    "REVIEW_IN_PROGRESS": "failure",
    "CREATE_FAILED": "failure",
    "ROLLBACK_FAILED": "failure",
    "ROLLBACK_COMPLETE": "failure",
    "DELETE_FAILED": "failure",
    "DELETE_COMPLETE": "failure",
    "UPDATE_FAILED": "failure",
    "UPDATE_ROLLBACK_FAILED": "failure",
    "UPDATE_ROLLBACK_COMPLETE": "failure",
    "IMPORT_ROLLBACK_FAILED": "failure",
    "IMPORT_ROLLBACK_COMPLETE": "failure",
}


def outcome(table: StatusTable, status: str) -> Outcome:
    """Return what a status means; one that is not in the table is a failure."""
    return table.get(status, "failure")
