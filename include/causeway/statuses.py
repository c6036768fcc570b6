"""What a status of AWS means to whoever waits for it: the only place that says so.

One complete table for each enum of botocore's service models; a test compares them with the
installed models. An unknown status is a failure, never a success.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Meaning(StrEnum):
    """What a status means: to be waited for, there, failed, or no longer (or not yet) there."""

    WAITING = "waiting"
    SUCCESS = "success"
    FAILURE = "failure"
    GONE = "gone"


Table = Mapping[str, Meaning]


def meaning(enum: str, status: str) -> Meaning:
    """Return what a status of a botocore enum means; one that is not in its table is a failure."""
    return TABLES[enum].get(status, Meaning.FAILURE)


def _table(*, waiting: str = "", success: str = "", failure: str = "", gone: str = "") -> Table:
    return MappingProxyType(
        {
            status: meant
            for meant, statuses in (
                (Meaning.WAITING, waiting),
                (Meaning.SUCCESS, success),
                (Meaning.FAILURE, failure),
                (Meaning.GONE, gone),
            )
            for status in statuses.split()
        }
    )


_JOB: Final = _table(
    waiting="InProgress Stopping", success="Completed", failure="Failed Stopped", gone="Deleting"
)

#: By the name of the enum in botocore's models.
TABLES: Final[Mapping[str, Table]] = MappingProxyType(
    {
        "TrainingJobStatus": _JOB,
        "ProcessingJobStatus": _JOB,
        "PipelineExecutionStatus": _table(
            waiting="Executing Stopping",
            success="Succeeded",
            failure="Stopped Failed CompletedWithFailures",
        ),
        "StepStatus": _table(
            waiting="Starting Executing Stopping", success="Succeeded", failure="Failed Stopped"
        ),
        "ModelCardExportJobStatus": _table(
            waiting="InProgress", success="Completed", failure="Failed"
        ),
        # InService may be on the config before: `causeway.deployment.rollout` judges that.
        # RollingBack ends there too; until then the endpoint may not be touched.
        "EndpointStatus": _table(
            waiting="Creating Updating SystemUpdating RollingBack",
            success="InService",
            failure="OutOfService Failed UpdateRollbackFailed",
            gone="Deleting",
        ),
        "FeatureGroupStatus": _table(
            waiting="Creating",
            success="Created",
            failure="CreateFailed DeleteFailed",
            gone="Deleting",
        ),
        "LastUpdateStatusValue": _table(
            waiting="InProgress", success="Successful", failure="Failed"
        ),
        # While an update or maintenance goes on, the server does not answer. A stopped server is
        # there no longer until somebody starts it.
        "TrackingServerStatus": _table(
            waiting="Creating Updating Deleting Stopping Starting MaintenanceInProgress",
            success="Created Updated Started MaintenanceComplete",
            failure="CreateFailed UpdateFailed DeleteFailed StopFailed StartFailed "
            "MaintenanceFailed",
            gone="Stopped",
        ),
        "QueryExecutionState": _table(
            waiting="QUEUED RUNNING", success="SUCCEEDED", failure="FAILED CANCELLED"
        ),
        # A stack that rolled back holds what it held before: what was asked for did not happen.
        "StackStatus": _table(
            waiting="CREATE_IN_PROGRESS ROLLBACK_IN_PROGRESS DELETE_IN_PROGRESS "
            "UPDATE_IN_PROGRESS UPDATE_COMPLETE_CLEANUP_IN_PROGRESS UPDATE_ROLLBACK_IN_PROGRESS "
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS IMPORT_IN_PROGRESS "
            "IMPORT_ROLLBACK_IN_PROGRESS",
            success="CREATE_COMPLETE UPDATE_COMPLETE IMPORT_COMPLETE",
            failure="REVIEW_IN_PROGRESS CREATE_FAILED ROLLBACK_FAILED ROLLBACK_COMPLETE "
            "DELETE_FAILED UPDATE_FAILED UPDATE_ROLLBACK_FAILED UPDATE_ROLLBACK_COMPLETE "
            "IMPORT_ROLLBACK_FAILED IMPORT_ROLLBACK_COMPLETE",
            gone="DELETE_COMPLETE",
        ),
        "ResourceShareStatus": _table(
            waiting="PENDING", success="ACTIVE", failure="FAILED", gone="DELETING DELETED"
        ),
        # ASSOCIATING is on its way in; the others that are waited for are on their way out or back.
        "ResourceShareAssociationStatus": _table(
            waiting="ASSOCIATING DISASSOCIATING SUSPENDING RESTORING",
            success="ASSOCIATED",
            failure="FAILED",
            gone="DISASSOCIATED SUSPENDED",
        ),
        "ResourceShareInvitationStatus": _table(
            waiting="PENDING", success="ACCEPTED", failure="REJECTED", gone="EXPIRED"
        ),
    }
)
