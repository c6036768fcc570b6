"""The governance table as tests read it, and records that only they write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from causeway.governance.audit import Action, Actor, Change, Door
from causeway.governance.table import new_record
from causeway.items import STATUS_UNCHANGED, Key, Update, create
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Stage, StageRecord, Status

if TYPE_CHECKING:
    from causeway.governance.sync_changes import VersionState
    from causeway_airflow.hooks.stage_table import StageTableHook

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def arn(version: int) -> ModelPackageArn:
    return ModelPackageArn.parse(
        f"arn:aws:sagemaker:eu-central-1:333333333333:model-package/table-test/{version}"
    )


def record(version: int) -> StageRecord:
    from causeway_airflow.configuration import case_and_model

    case, model = case_and_model("credit_risk", "credit_risk")
    return new_record(
        arn(version), Stage.TEST, Status.IN_PROGRESS, case, model, now=NOW, user="somebody"
    )


def by(person: str) -> Actor:
    return Actor(person, Door.DAG, "credit_risk__promotion run-1")


def transition(chain: str, number: int, writer: int, item: str = "STAGE#test") -> Change:
    """Return the n-th change of an item's status, as one of the writers wants it."""
    key = Key(f"VERSION#{chain}", item)
    new = key.item() | {"status": str(number), "writer": writer}
    values = {":before": str(number - 1)}
    update = create(key, new)
    if number > 1:
        update = Update(key, STATUS_UNCHANGED, values, {"#status": "status"}, item=new)
    about = {"subject": chain, "account": "333333333333", "after": str(number)}
    return Change((update,), chain, Action.RECORDED, by(f"writer-{writer}"), NOW, **about)


def stage_table() -> StageTableHook:
    from causeway_airflow.hooks.stage_table import StageTableHook

    return StageTableHook("causeway_governance_recorder")


def state_of(version: str) -> VersionState:
    """Return what the table holds about a version."""
    return stage_table().state(ModelPackageArn.parse(version))
