"""What an AWS error is to a task, and whom a hook acts as."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest
from botocore.stub import Stubber

from tests.local_platform import LocalPlatform


def test_a_missing_connection_is_refused_and_ambient_credentials_are_not_used(
    platform: LocalPlatform,
) -> None:
    from causeway_airflow.hooks.base import AwsCallError
    from causeway_airflow.hooks.ram import RamHook

    with pytest.raises(AwsCallError, match="no Airflow connection causeway_data_nobody") as raised:
        RamHook("causeway_data_nobody").invitations()
    assert raised.value.retryable is False


def test_an_empty_page_with_a_token_is_not_the_last(platform: LocalPlatform) -> None:
    """RAM's lists answer such pages (RAM API reference, `nextToken`)."""
    from causeway_airflow.hooks.ram import RamHook

    hook = RamHook("causeway_prod_acceptor")
    invitation = {
        "resourceShareInvitationArn": "arn:aws:ram:eu-central-1:333333333333:invitation/one",
        "resourceShareArn": "arn:aws:ram:eu-central-1:333333333333:resource-share/one",
        "resourceShareName": "causeway-models-credit-risk-deploy",
        "senderAccountId": "333333333333",
        "status": "PENDING",
        "invitationTimestamp": datetime(2024, 1, 2, tzinfo=UTC),
    }
    key, operation = "resourceShareInvitations", "get_resource_share_invitations"
    with Stubber(hook.client) as stub:
        stub.add_response(operation, {key: [], "nextToken": "more"})
        stub.add_response(operation, {key: [], "nextToken": "again"}, {"nextToken": "more"})
        stub.add_response(operation, {key: [invitation]}, {"nextToken": "again"})
        invitations = hook.invitations()
        stub.assert_no_pending_responses()
    assert [invitation.share_name for invitation in invitations] == [
        "causeway-models-credit-risk-deploy"
    ]


def test_a_hook_acts_as_the_duty_of_its_connection(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.ram import RamHook

    hook = RamHook("causeway_data_data_sharer")
    assert hook.principal.startswith("arn:aws:iam::111111111111:role/causeway-data-sharer")
    client = hook.get_session().client("sts", endpoint_url=platform.endpoint)
    assert "assumed-role/causeway-data-sharer/" in client.get_caller_identity()["Arn"]


def test_a_client_names_its_caller_without_searching_the_stack(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    import inspect

    from causeway_airflow.hooks.ram import RamHook

    def searched(*_: object) -> None:
        raise AssertionError("the sources of all modules are looked for")

    monkeypatch.setattr(inspect, "stack", searched)
    agent = RamHook("causeway_data_data_sharer").client.meta.config.user_agent_extra
    assert "Caller/Causeway " in f"{agent} "


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        ("ValidationException", "Could not find training job x", "missing"),
        ("ResourceNotFound", "no such group", "missing"),
        ("404", "Not Found", "missing"),
        ("ResourceInUse", "exists", "exists"),
        ("ValidationException", "Cannot create already existing endpoint", "exists"),
        ("AccessDeniedException", "no", "denied"),
        ("ConditionalCheckFailedException", "no", "conditional"),
        ("PreconditionFailed", "no", "conditional"),
    ],
)
def test_the_kind_of_an_error_is_read_from_its_code(code: str, text: str, kind: str) -> None:
    from causeway_airflow.hooks.base import AwsCallError

    error = AwsCallError("what", code=code, text=text)
    kinds = {
        name for name in ("missing", "exists", "denied", "conditional") if getattr(error, name)
    }
    assert kinds == {kind}


def test_a_validation_error_about_something_else_is_no_missing_thing() -> None:
    from causeway_airflow.hooks.base import AwsCallError

    error = AwsCallError("what", code="ValidationException", text="1 validation error detected")
    assert not error.missing and not error.exists


def test_throttling_may_pass_and_denial_may_not(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    from causeway_airflow.hooks.base import AwsCallError, AwsTransientError
    from causeway_airflow.hooks.registry import RegistryHook

    hook = RegistryHook("causeway_data_science_registrar")

    def refuse(code: str) -> None:
        def call(**_: object) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Describe")

        monkeypatch.setattr(hook.client, "describe_model_package_group", call)

    refuse("ThrottlingException")
    with pytest.raises(AwsTransientError) as passing:
        hook.find_group("credit-risk")
    assert passing.value.retryable is True
    refuse("AccessDeniedException")
    with pytest.raises(AwsCallError, match="ModelPackageGroupName=credit-risk") as lasting:
        hook.find_group("credit-risk")
    assert lasting.value.retryable is False
    assert "causeway-registrar" in str(lasting.value)


def test_hooks_of_a_connection_share_its_session_until_the_connection_changes(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.owned_resources import OwnedResourcesHook
    from causeway_airflow.hooks.ram import RamHook

    connection, variable = "causeway_data_data_sharer", "AIRFLOW_CONN_CAUSEWAY_DATA_DATA_SHARER"
    shared = RamHook(connection).get_session()
    assert OwnedResourcesHook(connection).get_session() is shared
    document = json.loads(os.environ[variable])
    document["extra"]["assume_role_kwargs"] = {"DurationSeconds": 900}
    monkeypatch.setenv(variable, json.dumps(document))
    assert RamHook(connection).get_session() is not shared
