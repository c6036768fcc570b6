"""The events of model cards and their exports (EventBridge guide for SageMaker)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from localaws.kit.capabilities import Events
from localaws.sagemaker.model_cards.content import read
from localaws.sagemaker.model_cards.store import Card, ExportJob


def card_changed(events: Events, account: str, region: str, card: Card) -> None:
    """Emit "SageMaker Model Card State Change" in the account that owns the card."""
    described = card.describe(card.latest)
    members = (
        "ModelCardVersion",
        "ModelCardName",
        "ModelCardStatus",
        "CreationTime",
        "CreatedBy",
        "LastModifiedTime",
        "LastModifiedBy",
    )
    detail: dict[str, Any] = {name: _plain(described[name]) for name in members}
    overview = read(card.latest.content).get("model_overview", {})
    if overview.get("model_id"):
        detail["ModelId"] = overview["model_id"]
    detail |= {"AccountId": account, "SecurityConfig": card.security or {}}
    _emit(events, account, region, "SageMaker Model Card State Change", detail, card.arn)


def export_changed(events: Events, account: str, region: str, card: Card, job: ExportJob) -> None:
    """Emit "SageMaker Model Card Export Job State Change"; with the members of the API."""
    detail = {name: _plain(value) for name, value in job.describe(card.name).items()}
    _emit(events, account, region, "SageMaker Model Card Export Job State Change", detail, job.arn)


def _emit(
    events: Events, account: str, region: str, kind: str, detail: dict[str, Any], arn: str
) -> None:
    events.emit(account, region, "aws.sagemaker", kind, detail, [arn])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    return value
