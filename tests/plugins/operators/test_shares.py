"""The operators for a DAG of one's own: the documentation's example, executed, and its edges."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from causeway.errors import SharingError, StillRunning
from tests import how_tos
from tests.plugins.conftest import execute
from tests.plugins.sharing_world import DEPLOY, World, refused, world

NAME = "causeway-models-credit-risk-deploy"
OWNER = {"account_role": "shared_services", "duty": "registry-owner", "task_id": "step"}
SOON = timedelta(seconds=0.2)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("steps")) as local_aws:
        local_aws.model_group()
        local_aws.declare(DEPLOY)
        yield local_aws


@pytest.fixture(scope="module")
def examples(here: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return how_tos.dags("sharing.md", tmp_path_factory.mktemp("examples"))


@pytest.fixture
def unshared(here: World) -> World:
    """Nothing is shared."""
    for share in here.shares():
        here.client("ram", "shared_services").delete_resource_share(
            resourceShareArn=share["resourceShareArn"]
        )
    return here


@pytest.fixture
def offered(unshared: World) -> World:
    """A share that prod was invited to and has not joined."""
    from causeway_airflow.operators.sharing import ConvergeShareOperator

    done = ConvergeShareOperator(**OWNER, share=NAME).perform({})
    assert [action.split(":")[0] for action in done] == ["create"]
    return unshared


def event_of(trigger: Any) -> Any:
    """Return what a trigger ends with, as a triggerer runs it."""

    async def first() -> Any:
        return await anext(trigger.run())

    return asyncio.run(asyncio.wait_for(first(), 30))


def test_the_example_shares_a_model_group_and_gives_it_up(
    unshared: World, examples: dict[str, dict[str, Any]]
) -> None:
    from airflow.sdk.exceptions import TaskDeferred
    from airflow.triggers.base import TaskSuccessEvent

    share, leave = examples["share_models"], examples["leave_models"]["leave"]
    describe = unshared.client("sagemaker", "prod").describe_model_package_group
    group = "arn:aws:sagemaker:eu-central-1:333333333333:model-package-group/credit-risk"
    refused(describe, ModelPackageGroupName=group)
    assert share["share"].perform({})[0].startswith("create: ")
    assert share["share"].perform({}) == []
    with pytest.raises(TaskDeferred) as waiting:
        share["joined"].perform({})
    assert share["accept"].perform({}) == {NAME: "accept"}
    assert isinstance(event_of(waiting.value.trigger), TaskSuccessEvent)
    assert share["joined"].perform({}) is None
    assert share["verify"].perform({}) == {"described": [group], "waiting": []}
    assert describe(ModelPackageGroupName=group)
    assert leave.perform({}) is True
    refused(describe, ModelPackageGroupName=group)


def test_a_consumer_leaves_once_and_what_is_still_declared_comes_back(
    offered: World, examples: dict[str, dict[str, Any]]
) -> None:
    examples["share_models"]["accept"].perform({})
    leave = examples["leave_models"]["leave"]
    assert leave.perform({}) is True
    assert leave.perform({}) is False
    assert offered.run() == ["re-share", "accept"]


def test_an_owner_waits_for_associations_and_gives_up_with_words(offered: World) -> None:
    from causeway_airflow.sensors.sharing import ShareAssociatedSensor

    complete = ShareAssociatedSensor(**OWNER, share=NAME, wait=SOON)
    with pytest.raises(StillRunning, match=f"share {NAME} is not complete after"):
        execute(complete, {})
    resources_only = ShareAssociatedSensor(**OWNER, share=NAME, with_principals=False)
    assert resources_only.perform({}) is None
    with pytest.raises(SharingError, match="there is no share nothing"):
        ShareAssociatedSensor(**OWNER, share="nothing").perform({})


def test_a_consumer_waits_for_an_invitation_and_accepts_it_when_it_comes(unshared: World) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    from causeway_airflow.operators.sharing import AcceptInvitationsOperator, ConvergeShareOperator

    accept = AcceptInvitationsOperator(task_id="accept", account_role="prod")
    with pytest.raises(TaskDeferred) as coming:
        accept.perform({})
    ConvergeShareOperator(**OWNER, share=NAME).perform({})
    # Something is left to do: the trigger wakes the task.
    assert event_of(coming.value.trigger).payload["outcome"] == "success"
    assert accept.resumed({}) == {NAME: "accept"}


def test_a_consumer_waits_in_the_triggerer_and_gives_up_with_words(unshared: World) -> None:
    from causeway_airflow.operators.sharing import AcceptInvitationsOperator

    accept = AcceptInvitationsOperator(task_id="accept", account_role="prod", wait=SOON)
    words = f"invitation to {NAME} of account 333333333333 did not come after"
    with pytest.raises(StillRunning, match=words):
        execute(accept, {})
