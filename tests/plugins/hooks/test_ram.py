"""RAM on the local AWS: a permission of our own is brought to its definition."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from causeway.sharing.permissions import PermissionDefinition
from causeway.sharing.plan import permission_steps
from causeway.topology.accounts import AccountId
from tests.localaws.conftest import ACCOUNTS
from tests.plugins.sharing_world import World, world

CONNECTION = "causeway_shared_services_registry_owner"
OWNER = AccountId(ACCOUNTS["shared_services"])


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("ram")) as local_aws:
        yield local_aws


def test_a_permission_of_our_own_is_made_once_and_versioned_when_it_changes(here: World) -> None:
    from causeway_airflow.hooks.ram import RamHook

    ram, kind = RamHook(CONNECTION), "sagemaker:ModelCard"
    arn = f"arn:aws:ram:eu-central-1:{OWNER}:permission/causeway-look"

    def ensure(*actions: str) -> list[str]:
        definition = PermissionDefinition(arn, "causeway-look", kind, actions)
        steps = permission_steps(definition, ram.permissions({kind}), ram.observed(), OWNER)
        for action in steps:
            ram.apply(action)
        return [str(action).split(":")[0] for action in steps]

    assert ensure("sagemaker:DescribeModelCard") == ["create permission"]
    assert ensure("sagemaker:DescribeModelCard") == []
    for number in range(4):
        actions = ["sagemaker:ListModelCardVersions", "sagemaker:UpdateModelCard"][: number % 2 + 1]
        assert ensure(*actions) == ["new permission version"]
    assert ensure("sagemaker:DescribeModelCard") == [
        "delete permission version",
        "new permission version",
    ]
