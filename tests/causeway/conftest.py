"""The shipped configuration, and builders of the values that the domain's tests speak about."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings

from causeway.governance.table import new_record
from causeway.topology.accounts import Topology, load_topology
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec, UseCase, use_case
from causeway.versions.registry import (
    ARTIFACT_SHA256,
    GATE_REPORT_SHA256,
    TRAINED_BY,
    RegistryVersion,
)
from causeway.versions.stages import LifeCycle, Stage, StageRecord, Status

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
        metadata = {GATE_REPORT_SHA256: "b" * 64, TRAINED_BY: "ml-engineer"}
        if digest:
            metadata[ARTIFACT_SHA256] = digest
        metadata.update(changes.pop("metadata", {}))
        arn = f"arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/{number}"
        version = RegistryVersion(
            arn=ModelPackageArn.parse(arn),
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
