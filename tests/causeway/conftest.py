"""The shipped configuration, and builders of the values that the domain's tests speak about."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings

from causeway.governance.table import new_record
from causeway.items import Update
from causeway.topology.accounts import Topology, load_topology
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.files import use_case
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import (
    ARTIFACT_SHA256,
    GATE_REPORT_SHA256,
    REQUEST_SHA256,
    TRAINED_BY,
    RegistryVersion,
)
from causeway.versions.stages import LifeCycle, Stage, StageRecord, Status
from tests.causeway.values import REGION, VERSIONS

#: `make test` runs 100 examples a property, `make soak` (CAUSEWAY_DEPTH=full) runs 2000. No
#: deadline: the first example of a process pays for imports.
settings.register_profile(
    "causeway",
    deadline=None,
    database=None,
    max_examples=2000 if os.environ.get("CAUSEWAY_DEPTH") == "full" else 100,
)
settings.load_profile("causeway")

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

MakeVersion = Callable[..., RegistryVersion]
MakeRecord = Callable[..., StageRecord]
Apply = Callable[[Update], Mapping[str, Any] | None]


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def topology() -> Topology:
    return load_topology()


@pytest.fixture(scope="session")
def case() -> UseCase:
    return use_case("credit_risk")


@pytest.fixture(scope="session")
def model(case: UseCase) -> ModelSpec:
    return case.models[0]


@pytest.fixture(scope="session")
def make_version() -> MakeVersion:
    def make(number: int = 1, *, digest: str | None = "a" * 64, **changes: Any) -> RegistryVersion:
        metadata = {
            GATE_REPORT_SHA256: "b" * 64,
            TRAINED_BY: "ml-engineer",
            REQUEST_SHA256: "e" * 64,
        }
        if digest:
            metadata[ARTIFACT_SHA256] = digest
        metadata.update(changes.pop("metadata", {}))
        version = RegistryVersion(
            arn=ModelPackageArn.parse(f"{VERSIONS}/{number}"),
            package_status="Completed",
            approval_status="PendingManualApproval",
            approval_description="",
            lifecycle=LifeCycle("Development", "PendingApproval"),
            model_data_url="s3://bucket/key",
            image_uri="image",
            created_at=NOW - timedelta(hours=1),
            modified_at=NOW - timedelta(hours=1),
            modified_by_identity=None,
            modified_by_arn="arn:aws:sts::333333333333:assumed-role/causeway-registry-sync/x",
            metadata=metadata,
            package_sha256="f" * 64,
            request_sha256="e" * 64,
        )
        return replace(version, **changes)

    return make


@pytest.fixture(scope="session")
def make_record(case: UseCase, model: ModelSpec, make_version: MakeVersion) -> MakeRecord:
    def make(
        stage: Stage, status: Status, *, at: datetime = NOW - timedelta(minutes=30), **changes: Any
    ) -> StageRecord:
        record = new_record(
            make_version().arn, Stage.DEVELOPMENT, Status.PENDING, case, model, now=at, user="x"
        )
        return replace(record, stage=stage, status=status, **changes)

    return make


@pytest.fixture
def apply(monkeypatch: pytest.MonkeyPatch) -> Iterator[Apply]:
    """Apply conditional writes to a real (mocked) table: the item, or None when it was refused."""
    import boto3
    from moto import mock_aws

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        resource = boto3.resource("dynamodb", REGION)
        table = resource.create_table(
            TableName="t",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")
            ],
            BillingMode="PAY_PER_REQUEST",
        )

        def write(update: Update) -> Mapping[str, Any] | None:
            arguments: dict[str, Any] = {"ConditionExpression": update.condition}
            if update.names:
                arguments["ExpressionAttributeNames"] = dict(update.names)
            if update.values:
                arguments["ExpressionAttributeValues"] = dict(update.values)
            try:
                if update.item is not None:
                    table.put_item(Item=dict(update.item), **arguments)
                    return update.item
                answer: Mapping[str, Any] = table.update_item(
                    Key=update.key.item(),
                    UpdateExpression=update.expression,
                    ReturnValues="ALL_NEW",
                    **arguments,
                )
                return answer["Attributes"]
            except resource.meta.client.exceptions.ConditionalCheckFailedException:
                return None

        yield write
