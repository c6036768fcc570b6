"""Single steps on shares and permissions: one thing each, found done the second time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from causeway.errors import NotSharedYet, SharingError
from tests.localaws.conftest import ACCOUNTS
from tests.plugins.conftest import execute
from tests.plugins.sharing_world import DEPLOY, World, world

NAME = "causeway-models-credit-risk-deploy"
OWNER = {"account_role": "shared_services", "duty": "registry-owner", "task_id": "step"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("steps")) as found:
        found.model_group()
        found.declare(DEPLOY)
        yield found


@pytest.fixture
def offered(here: World) -> World:
    """A share that prod was invited to and has not joined."""
    from causeway_airflow.operators.sharing import ConvergeSharesOperator

    for one in here.shares():
        here.client("ram", "shared_services").delete_resource_share(
            resourceShareArn=one["resourceShareArn"]
        )
    found = ConvergeSharesOperator(**OWNER).perform({})
    assert list(found) == [NAME]
    return here


def test_resources_and_principals_join_and_leave_a_share(offered: World) -> None:
    from causeway_airflow.operators.shares import AssociateShareOperator, DisassociateShareOperator

    test = [ACCOUNTS["test"]]
    add = AssociateShareOperator(**OWNER, share=NAME, principals=test)
    take = DisassociateShareOperator(**OWNER, share=NAME, principals=test)
    assert (add.perform({}) or "").startswith("associate: ")
    assert add.perform({}) is None
    assert (take.perform({}) or "").startswith("revoke: ")
    assert take.perform({}) is None


def test_a_permission_is_found_without_regard_to_letter_case(offered: World) -> None:
    from causeway_airflow.operators.shares import ReplacePermissionOperator

    def replace(name: str) -> str | None:
        return ReplacePermissionOperator(**OWNER, share=NAME, permission=name).perform({})

    other = "awsrampermissionsagemakermodelpackagegroupallowregister"
    assert (replace(other) or "").startswith("replace permission: ")
    assert replace(other) is None
    with pytest.raises(SharingError, match="there is no RAM permission nothing"):
        replace("nothing")


def test_a_permission_of_our_own_is_made_once_and_versioned_when_it_changes(here: World) -> None:
    from causeway_airflow.operators.shares import EnsurePermissionOperator

    def ensure(*actions: str) -> list[str]:
        kind = "sagemaker:ModelCard"
        operator = EnsurePermissionOperator(
            **OWNER, name="causeway-look", resource_type=kind, actions=actions
        )
        return [done.split(":")[0] for done in operator.perform({})]

    assert ensure("sagemaker:DescribeModelCard") == ["create permission"]
    assert ensure("sagemaker:DescribeModelCard") == []
    for number in range(4):
        actions = ["sagemaker:ListModelCardVersions", "sagemaker:UpdateModelCard"][: number % 2 + 1]
        assert ensure(*actions) == ["new permission version"]
    assert ensure("sagemaker:DescribeModelCard") == [
        "delete permission version",
        "new permission version",
    ]


def test_a_share_is_deleted_once_and_one_that_is_missing_is_named(offered: World) -> None:
    from causeway_airflow.operators.shares import AssociateShareOperator, DeleteShareOperator

    delete = DeleteShareOperator(**OWNER, share=NAME)
    assert (delete.perform({}) or "").startswith("revoke: ")
    assert delete.perform({}) is None
    with pytest.raises(SharingError, match="0 living shares"):
        AssociateShareOperator(**OWNER, share=NAME, principals=["1" * 12]).perform({})


def test_a_consumer_leaves_and_what_is_still_declared_comes_back(offered: World) -> None:
    from causeway_airflow.operators.shares import LeaveShareOperator
    from causeway_airflow.operators.sharing import AcceptInvitationsOperator

    AcceptInvitationsOperator(task_id="accept", account_role="prod").perform({})
    leave = LeaveShareOperator(
        task_id="leave", account_role="prod", share=NAME, owner=ACCOUNTS["shared_services"]
    )
    assert leave.perform({}) is True
    assert leave.perform({}) is False
    assert offered.run() == ["re-share", "accept"]


def event_of(trigger: Any) -> Any:
    """Return what a trigger ends with, as a triggerer runs it."""

    async def first() -> Any:
        return await anext(trigger.run())

    return asyncio.run(asyncio.wait_for(first(), 30))


def test_sensors_wait_for_invitations_and_for_associations(offered: World) -> None:
    from airflow.sdk.exceptions import TaskDeferred
    from airflow.triggers.base import TaskSuccessEvent

    from causeway_airflow.operators.sharing import AcceptInvitationsOperator, ConvergeSharesOperator
    from causeway_airflow.sensors.sharing import InvitationSensor, ShareAssociatedSensor

    invited = InvitationSensor(task_id="invited", account_role="prod")
    assert invited.perform({}) is None
    for one in offered.shares():
        offered.client("ram", "shared_services").delete_resource_share(
            resourceShareArn=one["resourceShareArn"]
        )
    with pytest.raises(TaskDeferred) as coming:
        invited.perform({})
    ConvergeSharesOperator(**OWNER).perform({})
    assert isinstance(event_of(coming.value.trigger), TaskSuccessEvent)
    complete = ShareAssociatedSensor(**OWNER, share=NAME, wait=timedelta(seconds=1))
    with pytest.raises(TaskDeferred) as waiting:
        complete.perform({})
    with pytest.raises(NotSharedYet, match="is not complete"):
        complete.resumed({})
    AcceptInvitationsOperator(task_id="accept", account_role="prod").perform({})
    assert isinstance(event_of(waiting.value.trigger), TaskSuccessEvent)
    assert complete.perform({}) is None
    with pytest.raises(SharingError, match="there is no share nothing"):
        ShareAssociatedSensor(**OWNER, share="nothing").perform({})


def test_a_consumer_waits_in_the_triggerer_and_gives_up_with_words(here: World) -> None:
    from causeway_airflow.operators.sharing import AcceptInvitationsOperator
    from causeway_airflow.sensors.sharing import InvitationSensor

    for one in here.shares():
        here.client("ram", "shared_services").delete_resource_share(
            resourceShareArn=one["resourceShareArn"]
        )
    accept = AcceptInvitationsOperator(
        task_id="accept", account_role="prod", wait=timedelta(seconds=0.2)
    )
    with pytest.raises(NotSharedYet, match="its invitation did not come"):
        execute(accept, {})
    invited = InvitationSensor(task_id="invited", account_role="prod", wait=timedelta(seconds=0.2))
    with pytest.raises(NotSharedYet, match="within"):
        execute(invited, {})
