"""What administrators do to a platform beside it, by mistake or on purpose."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any

from causeway.features.groups import CONTRACT_TAGS
from tests.accounts import REGION
from tests.lifecycle.governance import until
from tests.local_platform import LocalPlatform

STRANGER = "999999999999"


def drift(platform: LocalPlatform, owner: str) -> None:
    """Have an administrator change a share: a consumer less, a stranger more, other rights."""
    ram = platform.client("ram", owner)
    every = ram.list_permissions(maxResults=100)["permissions"]
    for share in ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]:
        arn = share["resourceShareArn"]
        members = ram.get_resource_share_associations(
            associationType="PRINCIPAL", resourceShareArns=[arn]
        )["resourceShareAssociations"]
        one = members[0]["associatedEntity"]
        ram.disassociate_resource_share(resourceShareArn=arn, principals=[one])
        ram.associate_resource_share(resourceShareArn=arn, principals=[STRANGER])
        (held,) = ram.list_resource_share_permissions(resourceShareArn=arn)["permissions"]
        other = next(
            (
                permission["arn"]
                for permission in every
                if permission["resourceType"] == held["resourceType"]
                and permission["arn"] != held["arn"]
            ),
            None,  # a catalog has its search permission only
        )
        if other:
            ram.associate_resource_share_permission(
                resourceShareArn=arn, permissionArn=other, replace=True
            )
        ram.update_resource_share(resourceShareArn=arn, allowExternalPrincipals=False)
    ram.create_resource_share(name="causeway-retired", principals=[STRANGER])
    for permission in every:
        # To five versions, which is all that RAM keeps, with other actions than defined.
        for _ in range(4 if permission["permissionType"] == "CUSTOMER_MANAGED" else 0):
            ram.create_permission_version(
                permissionArn=permission["arn"],
                policyTemplate=json.dumps(
                    {"Effect": "Allow", "Action": ["sagemaker:DescribeModelCard"]}
                ),
            )


def serve_beside_the_promotions(platform: LocalPlatform, account: str) -> None:
    """Have an administrator serve by another endpoint what a promotion deployed before."""
    client = platform.client("sagemaker", account)
    (config, *_) = client.list_endpoint_configs()["EndpointConfigs"]
    client.create_endpoint(EndpointName="beside", EndpointConfigName=config["EndpointConfigName"])

    def settled() -> bool:
        status = client.describe_endpoint(EndpointName="beside")["EndpointStatus"]
        return bool(status != "Creating")

    until(settled, f"an endpoint beside the promotions in {account}")


def share_beside_the_declaration(platform: LocalPlatform) -> None:
    """Have an administrator share a group by a permission of the account's own."""
    client = platform.client("sagemaker", "data")
    group = client.describe_feature_group(FeatureGroupName="credit-risk-loan")
    ram = platform.client("ram", "data")
    own = ram.create_permission(
        name="look",
        resourceType="sagemaker:FeatureGroup",
        policyTemplate=json.dumps(
            {"Effect": "Allow", "Action": ["sagemaker:DescribeFeatureGroup"]}
        ),
    )["permission"]["arn"]
    ram.create_resource_share(
        name="by-hand",
        principals=[STRANGER],
        resourceArns=[group["FeatureGroupArn"]],
        permissionArns=[own],
    )


def leave_statement(platform: LocalPlatform) -> None:
    """Leave a consumer that nobody declares any more in the policy of the Glue catalogue."""
    number, glue = platform.accounts["data"]["id"], platform.client("glue", "data")
    policy = json.loads(glue.get_resource_policy()["PolicyInJson"])
    policy["Statement"].append(
        {
            "Sid": "CausewayConsumersGone",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{number}:root"},
            "Action": "glue:GetTable",
            "Resource": f"arn:aws:glue:{REGION}:{number}:catalog",
        }
    )
    glue.put_resource_policy(PolicyInJson=json.dumps(policy))


def leave_tags(platform: LocalPlatform) -> None:
    """Leave a tag of an earlier contract on a feature group."""
    sagemaker = platform.client("sagemaker", "data")
    group = sagemaker.describe_feature_group(FeatureGroupName="credit-risk-loan")
    tags = {CONTRACT_TAGS: "left", "left": "over"}
    sagemaker.add_tags(
        ResourceArn=group["FeatureGroupArn"],
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


@contextlib.contextmanager
def bounded(platform: LocalPlatform) -> Iterator[None]:
    """Bound a duty of each consumer, as administrators may, while the context lasts."""
    allowing = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowing]})
    with contextlib.ExitStack() as stack:
        for account, role in (
            ("data_science", "causeway-trainer"),
            ("test", "causeway-deployer"),
            ("prod", "causeway-deployer"),
        ):
            iam = platform.client("iam", account)
            policy = iam.create_policy(PolicyName="bounds", PolicyDocument=document)["Policy"]
            iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=policy["Arn"])
            stack.callback(iam.delete_role_permissions_boundary, RoleName=role)
        yield


@contextlib.contextmanager
def denied(platform: LocalPlatform, account: str, role: str, action: str) -> Iterator[None]:
    """Take an action from a role, as an administrator, while the context lasts."""
    iam = platform.client("iam", account)
    statement: dict[str, Any] = {"Effect": "Deny", "Action": action, "Resource": "*"}
    iam.put_role_policy(
        RoleName=role,
        PolicyName="mishap",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    try:
        yield
    finally:
        iam.delete_role_policy(RoleName=role, PolicyName="mishap")
