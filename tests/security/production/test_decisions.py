"""What was decided is what runs, and by whom it was: tries at decisions (A2, A3, A4, A6)."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from causeway.errors import ApprovalRefused
from causeway.governance.decisions import Decision, decision_item
from causeway.governance.gestures import Verdict
from causeway.governance.registry_calls import RegistryCall
from causeway.versions.fingerprint import request_sha256
from causeway.versions.registry import OWN_METADATA
from causeway.versions.stages import Stage, Status
from tests.accounts import ACCOUNTS
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import deploy, register, run_of, sync
from tests.plugins.conftest import context
from tests.plugins.table_records import state_of

pytestmark = pytest.mark.usefixtures("own_endpoints")

TABLE = "causeway-governance"
ROLES = f"arn:aws:iam::{ACCOUNTS['shared_services']}:role/causeway"


def denied(call: Any, **request: Any) -> None:
    with pytest.raises(ClientError) as error:
        call(**request)
    assert error.value.response["Error"]["Code"] == "AccessDeniedException"


def duty(name: str) -> Any:
    """The governance table as a duty of Airflow reaches it."""
    from causeway_airflow.hooks.governance import GovernanceHook

    return GovernanceHook(f"causeway_governance_{name}").client


# -------------------------------------------------------------- A2: another package
def change(platform: LocalPlatform, version: str, *, fingerprint: bool = False) -> None:
    """Somebody who may write in the registry gives the version another environment."""
    registry = platform.client("sagemaker", "shared_services")
    described = registry.describe_model_package(ModelPackageName=version)
    specification = described["InferenceSpecification"]
    specification["Containers"][0]["Environment"] |= {"SAGEMAKER_PROGRAM": "other.py"}
    changes: dict[str, Any] = {"InferenceSpecification": specification}
    if fingerprint:
        mark = request_sha256(described, OWN_METADATA)
        changes["CustomerMetadataProperties"] = {"request-sha256": mark}
    registry.update_model_package(ModelPackageArn=version, **changes)


def test_a_package_changed_after_its_approval_is_not_deployed(
    shared: LocalPlatform, approved: str
) -> None:
    change(shared, approved)
    with pytest.raises(ApprovalRefused, match="its fingerprint is"):
        deploy(approved).perform(run_of(approved))
    assert Stage.TEST not in state_of(approved).records


def begun(platform: LocalPlatform, version: str) -> dict[str, Any]:
    """Begin a deployment, until its endpoint serves; return what the task goes on with."""
    from airflow.sdk.exceptions import TaskDeferred

    with pytest.raises(TaskDeferred) as deferred:
        deploy(version).perform(run_of(version))
    platform.client("sagemaker", "test").get_waiter("endpoint_in_service").wait(
        EndpointName="credit-risk", WaiterConfig={"Delay": 1}
    )
    return dict(deferred.value.kwargs or {})


def test_a_package_changed_while_its_endpoint_is_made_is_taken_back(
    shared: LocalPlatform, approved: str
) -> None:
    carried = begun(shared, approved)
    change(shared, approved)
    with pytest.raises(ApprovalRefused, match="its fingerprint is"):
        deploy(approved).resumed(run_of(approved), **carried)


@pytest.mark.parametrize("fingerprint", [False, True], ids=["", "with its fingerprint"])
def test_a_package_changed_before_anybody_saw_it_is_quarantined(
    shared: LocalPlatform, fingerprint: bool
) -> None:
    version = register(f"changed unseen {fingerprint}").perform(context())["version_arn"]
    change(shared, version, fingerprint=fingerprint)
    sync()
    shared.person("model-owner").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved"
    )
    sync()
    assert state_of(version).records[Stage.DEVELOPMENT].status is Status.QUARANTINED
    assert state_of(version).decisions == ()


# ------------------------------------------------------- A3: metadata and approval at once
@pytest.mark.parametrize(
    "also",
    [
        {"CustomerMetadataPropertiesToRemove": ["requested-by"]},
        {"CustomerMetadataProperties": {"trained-by": "somebody-else"}},
        {"CustomerMetadataProperties": {"artifact-sha256": "0" * 64}},
        {"ModelLifeCycle": {"Stage": "Production", "StageStatus": "Approved"}},
    ],
    ids=lambda also: next(iter(also)),
)
def test_an_approver_changes_nothing_but_their_own_word(
    shared: LocalPlatform, also: dict[str, Any]
) -> None:
    version = register("asked for").perform(context(user="model-owner"))["version_arn"]
    owner = shared.person("model-owner")
    denied(
        owner.update_model_package,
        ModelPackageArn=version,
        ModelApprovalStatus="Approved",
        **also,
    )


def test_who_asked_stays_who_asked_whatever_the_metadata_says(shared: LocalPlatform) -> None:
    version = register("asked and hidden").perform(context(user="model-owner"))["version_arn"]
    sync()
    shared.client("sagemaker", "shared_services").update_model_package(
        ModelPackageArn=version, CustomerMetadataPropertiesToRemove=["requested-by"]
    )
    shared.person("model-owner").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved"
    )
    sync()
    assert state_of(version).facts.requested_by == "model-owner"
    assert state_of(version).decisions == ()


# ------------------------------------------------------------ A4: another role or account
def test_a_source_identity_in_another_role_decides_nothing(shared: LocalPlatform) -> None:
    version = register("side door").perform(context())["version_arn"]
    sync()
    shared.stranger("model-owner").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved"
    )
    sync()
    assert state_of(version).decisions == ()
    assert state_of(version).records[Stage.DEVELOPMENT].status is Status.QUARANTINED


def test_a_source_identity_in_another_account_decides_nothing(shared: LocalPlatform) -> None:
    """The other account has an approver role of the same name, and the group by a policy."""
    version = register("next door").perform(context())["version_arn"]
    sync()
    account = ACCOUNTS["data_science"]
    iam = shared.client("iam", "data_science")
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": account},
        "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
    }
    write = {"Effect": "Allow", "Action": "sagemaker:UpdateModelPackage", "Resource": "*"}
    iam.create_role(RoleName="causeway-test-approver", AssumeRolePolicyDocument=policy(trust))
    iam.put_role_policy(
        RoleName="causeway-test-approver", PolicyName="w", PolicyDocument=policy(write)
    )
    role = f"arn:aws:iam::{account}:role/causeway-test-approver"
    registry = shared.client("sagemaker", "shared_services")
    registry.put_model_package_group_policy(
        ModelPackageGroupName="credit-risk",
        ResourcePolicy=policy(
            {
                "Effect": "Allow",
                "Principal": {"AWS": role},
                "Action": "sagemaker:UpdateModelPackage",
                "Resource": f"{version.rpartition('/')[0]}/*",
            }
        ),
    )
    try:
        keys = shared.client("sts", "data_science").assume_role(
            RoleArn=role, RoleSessionName="next-door", SourceIdentity="model-owner"
        )["Credentials"]
        shared._registry(keys).update_model_package(
            ModelPackageArn=version, ModelApprovalStatus="Approved"
        )
        sync()
    finally:
        registry.delete_model_package_group_policy(ModelPackageGroupName="credit-risk")
        iam.delete_role_policy(RoleName="causeway-test-approver", PolicyName="w")
        iam.delete_role(RoleName="causeway-test-approver")
    assert state_of(version).decisions == ()
    assert state_of(version).records[Stage.DEVELOPMENT].status is Status.QUARANTINED


def policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# ----------------------------------------------------------------- A6: forged decisions
def forged(version: str, call: RegistryCall | None) -> dict[str, Any]:
    """A decision item of the owner that nobody made, on what is registered."""
    now, facts = datetime.now(UTC), state_of(version).facts
    return decision_item(
        Decision(
            *(facts.version_arn, Stage.TEST, 1, Verdict.APPROVED, "model-owner", "forged"),
            *(facts.package_sha256, facts.artifact_sha256, facts.gate_report_sha256),
            *(now, now + timedelta(days=1), call),
        )
    )


def encoded(item: dict[str, Any]) -> dict[str, Any]:
    from boto3.dynamodb.types import TypeSerializer

    return {name: TypeSerializer().serialize(value) for name, value in item.items()}


@pytest.mark.parametrize("name", ["recorder"])
def test_the_recorder_writes_no_decision(shared: LocalPlatform, approved: str, name: str) -> None:
    item = encoded(forged(approved, None))
    denied(duty(name).put_item, TableName=TABLE, Item=item)
    key = {"pk": item["pk"], "sk": item["sk"]}
    denied(duty(name).delete_item, TableName=TABLE, Key=key)
    denied(
        duty(name).update_item,
        TableName=TABLE,
        Key=key,
        UpdateExpression="SET person = :p",
        ExpressionAttributeValues={":p": {"S": "somebody"}},
    )
    denied(
        duty(name).transact_write_items,
        TransactItems=[{"Put": {"TableName": TABLE, "Item": item}}],
    )


def test_the_decider_writes_no_record_and_changes_no_decision(
    shared: LocalPlatform, approved: str
) -> None:
    decider, key = duty("decider"), {"pk": {"S": f"VERSION#{approved}"}, "sk": {"S": "PROMOTION"}}
    denied(decider.put_item, TableName=TABLE, Item={**key, "status": {"S": "running"}})
    denied(decider.get_item, TableName=TABLE, Key=key)
    decision = {"pk": {"S": f"DECISION#{approved}"}, "sk": {"S": "DECISION#test#1"}}
    denied(decider.delete_item, TableName=TABLE, Key=decision)


@pytest.mark.parametrize("evidence", ["no call", "an invented call", "a call of somebody else"])
def test_a_decision_that_no_call_explains_deploys_nothing(
    shared: LocalPlatform, evidence: str
) -> None:
    """Even the duty that may write decisions cannot invent a person."""
    version = register(f"forged with {evidence}").perform(context())["version_arn"]
    sync()
    call: RegistryCall | None = None
    if evidence != "no call":
        call = RegistryCall(
            *(version, datetime.now(UTC).replace(microsecond=0), "session", "model-owner"),
            *("Approved", None, f"{ROLES}-test-approver", "no-such-event"),
        )
    if evidence == "a call of somebody else":
        shared.stranger("a-stranger").update_model_package(
            ModelPackageArn=version, ModelApprovalStatus="Approved"
        )
        events = shared.client("cloudtrail", "shared_services").lookup_events(
            LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "UpdateModelPackage"}]
        )["Events"]
        assert call is not None
        call = RegistryCall(**{**vars(call), "event_id": events[0]["EventId"]})
    else:
        shared.client("sagemaker", "shared_services").update_model_package(
            ModelPackageArn=version, ModelApprovalStatus="Approved"
        )
    duty("decider").put_item(TableName=TABLE, Item=encoded(forged(version, call)))
    with pytest.raises(ApprovalRefused, match=r"comes from no call|names event"):
        deploy(version).perform(run_of(version))
    assert Stage.TEST not in state_of(version).records


def test_a_decision_replaced_while_its_endpoint_is_made_is_taken_back(
    shared: LocalPlatform, approved: str
) -> None:
    carried = begun(shared, approved)
    call = RegistryCall(
        *(approved, datetime.now(UTC).replace(microsecond=0), "session", "model-owner"),
        *("Approved", None, f"{ROLES}-test-approver", "no-such-event"),
    )
    duty("decider").put_item(TableName=TABLE, Item=encoded(forged(approved, call)))
    with pytest.raises(ApprovalRefused, match="no such call"):
        deploy(approved).resumed(run_of(approved), **carried)


def test_an_approval_that_ran_out_starts_nothing(shared: LocalPlatform, approved: str) -> None:
    shared.client("dynamodb", "governance").update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"DECISION#{approved}"}, "sk": {"S": "DECISION#test#1"}},
        UpdateExpression="SET valid_until = :then",
        ExpressionAttributeValues={":then": {"S": "2020-01-01T00:00:00.000000+00:00"}},
    )
    with pytest.raises(ApprovalRefused, match="until 2020-01-01"):
        deploy(approved).perform(run_of(approved))


def test_a_call_too_old_to_be_looked_up_lets_nothing_in(shared: LocalPlatform) -> None:
    """The duty that may write decisions invents both people, as of before CloudTrail's history."""
    version = register("forged as of long ago").perform(context())["version_arn"]
    sync()
    then = (datetime.now(UTC) - timedelta(days=91)).replace(microsecond=0)
    call = RegistryCall(
        *(version, then, "session", "model-owner", "Approved", None),
        *(f"{ROLES}-test-approver", "no-such-event"),
    )
    duty("decider").put_item(TableName=TABLE, Item=encoded(forged(version, call)))
    sync()  # mirrors the decision: the registry says Approved, so that a model could be made
    with pytest.raises(ApprovalRefused, match=r"no such call|approved by model-owner until"):
        deploy(version).perform(run_of(version))
    assert Stage.TEST not in state_of(version).records
