import botocore.session
import pytest

from causeway.sharing.actions import (
    Action,
    AllowExternal,
    Associate,
    CreatePermission,
    CreatePermissionVersion,
    CreateShare,
    DeleteGroupPolicy,
    DeletePermissionVersion,
    DeleteShare,
    Disassociate,
    PromotePermission,
    PromoteShare,
    PutGroupPolicy,
    ReplacePermission,
)
from causeway.sharing.permissions import PermissionDefinition
from causeway.sharing.shares import DesiredShare
from causeway.topology.access_rules import Grant, ResourceKind
from causeway.topology.account_roles import AccountRole

SHARE = DesiredShare(
    "s", AccountRole.DATA, "1" * 12, ("2" * 12,), ("r",), ResourceKind.MODEL_CARDS, Grant.READ
)
DEFINITION = PermissionDefinition("arn", "name", "sagemaker:ModelCard", ("sagemaker:x",))
ACTIONS = (
    CreateShare(SHARE, ("r",), "p"),
    Associate("a", "s", ("r",), ("2" * 12,)),
    Disassociate("a", "s", ("r",)),
    ReplacePermission("a", "s", "p"),
    AllowExternal("a", "s", True),
    DeleteShare("a", "s"),
    CreatePermission(DEFINITION),
    CreatePermissionVersion(DEFINITION, ("1",)),
    DeletePermissionVersion("p", "1"),
    PromotePermission("p", "name"),
    PromoteShare("a"),
    PutGroupPolicy("g", "{}"),
    DeleteGroupPolicy("g"),
)


def test_every_action_is_tried_here() -> None:
    assert {type(action) for action in ACTIONS} == set(Action.__subclasses__())


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
def test_a_request_is_one_of_the_service_model(action: Action) -> None:
    session = botocore.session.Session()
    service = session.get_service_model(
        "sagemaker" if "policy" in action.operation.split("_") else "ram"
    )
    name = "".join(part.capitalize() for part in action.operation.split("_"))
    service = service if name in service.operation_names else session.get_service_model("ram")
    shape = service.operation_model(name).input_shape
    request = action.request()
    assert set(request) <= set(shape.members)
    assert set(shape.required_members) <= set(request)
    assert str(action).startswith(f"{action.verb}: ")
    assert "clientToken" not in str(action)


def test_a_repeated_call_is_the_same_call_and_another_is_not() -> None:
    def token(action: Action) -> str:
        return action.request()["clientToken"]

    assert token(CreateShare(SHARE, ("r",), "p")) == token(CreateShare(SHARE, ("r",), "p"))
    assert token(CreateShare(SHARE, ("r",), "p", ("dead",))) != token(ACTIONS[0])
    assert token(CreatePermissionVersion(DEFINITION, ("1", "2"))) != token(ACTIONS[7])
