"""What is live is compared with what was released; whatever is hidden or gone is alerted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from causeway.deployment.leases import Live, live_key, write_live
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.registry import RELEASES
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import register
from tests.plugins.conftest import context

Heard = Callable[[], list[dict[str, Any]]]


def look() -> dict[str, str]:
    from causeway_airflow.operators.live_models import LiveModelsOperator

    found: dict[str, str] = LiveModelsOperator(task_id="look").perform(context())
    return found


@pytest.fixture
def live(shared: LocalPlatform, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The place of an artifact that was released and is recorded as live in production."""
    from causeway_airflow.hooks.artifacts import ArtifactsHook, split_uri
    from causeway_airflow.hooks.stage_table import StageTableHook

    registered = register(request.node.name).perform(context())
    version = ModelPackageArn.parse(registered["version_arn"])
    described = shared.client("sagemaker", "shared_services").describe_model_package(
        ModelPackageName=str(version)
    )
    uri = described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    bucket, key = split_uri(uri)
    files = ArtifactsHook("causeway_shared_services_releaser")
    current = files.current(uri)
    files.tag(uri, current.version_id, {RELEASES[AccountRole.PROD]: "true"})
    item = live_key(AccountRole.PROD, "credit_risk")
    table = StageTableHook("causeway_governance_recorder")
    where = {
        "TableName": "causeway-governance",
        "Key": {"pk": {"S": item.pk}, "sk": {"S": item.sk}},
    }
    items = shared.client("dynamodb", "governance")
    before = items.get_item(**where).get("Item")  # what another file has deployed
    items.delete_item(**where)
    table.write(
        write_live(
            Live(
                account_role=AccountRole.PROD,
                model="credit_risk",
                version_arn=version,
                artifact_sha256=current.sha256,
                endpoint="credit-risk",
                endpoint_config="any",
                run_id="run-1",
                fencing=1,
                deployed_at=datetime.now(UTC),
            )
        )
    )
    yield {"Bucket": bucket, "Key": key}
    items.delete_item(**where)
    if before:
        items.put_item(TableName="causeway-governance", Item=before)


def test_what_is_live_as_it_was_released_is_no_alert(live: dict[str, str], heard: Heard) -> None:
    assert look() == {}
    assert heard() == []


def test_an_artifact_that_was_hidden_or_overwritten_is_alerted_and_brought_back(
    shared: LocalPlatform, live: dict[str, str], heard: Heard
) -> None:
    owner = shared.client("s3", "shared_services")
    marker = owner.delete_object(**live)["VersionId"]
    assert "cannot be read" in look()["credit_risk"]
    other = owner.put_object(**live, Body=b"another", IfNoneMatch="*")["VersionId"]
    assert "was not released for production" in look()["credit_risk"]
    first, second = heard()
    assert first["severity"] == second["severity"] == "critical"
    assert live["Key"] in second["alert"]
    for version in (other, marker):
        owner.delete_object(**live, VersionId=version)
    assert look() == {}
