"""The policies that stand in the accounts once the templates are deployed, by what holds them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

PREFIX = "causeway-"
Document = dict[str, Any]


@dataclass(frozen=True)
class DeployedPolicies:
    """Policies by role ARN (`identity`: by their names, too) and by resource ARN."""

    identity: dict[str, dict[str, Document]]
    trust: dict[str, Document]
    resource: dict[str, Document]


def deployed_policies(
    client: Callable[[str, str], Any], accounts: Mapping[str, str], region: str
) -> DeployedPolicies:
    """Read them with the administrators' clients; `accounts` are ids by account role."""
    identity: dict[str, dict[str, Document]] = {}
    trust: dict[str, Document] = {}
    for account in accounts:
        iam = client("iam", account)
        for role in iam.list_roles()["Roles"]:
            name = role["RoleName"]
            if name.startswith(PREFIX):
                trust[role["Arn"]] = role["AssumeRolePolicyDocument"]
                identity[role["Arn"]] = {
                    policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
                }
    return DeployedPolicies(identity, trust, _of_resources(client, accounts, region))


def _of_resources(
    client: Callable[[str, str], Any], accounts: Mapping[str, str], region: str
) -> dict[str, Document]:
    found: dict[str, Document] = {}
    for account in ("data", "data_science", "shared_services", "governance"):
        name = f"{PREFIX}{account.replace('_', '-')}"
        bucket = f"{name}-{accounts[account]}-{region}"
        policy = client("s3", account).get_bucket_policy(Bucket=bucket)["Policy"]
        found[f"arn:aws:s3:::{bucket}"] = json.loads(policy)
        if account == "governance":  # its bucket has S3's own encryption
            continue
        kms = client("kms", account)
        key = kms.describe_key(KeyId=f"alias/{name}")["KeyMetadata"]["Arn"]
        found[key] = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    trail = f"{PREFIX}trail-{accounts['data']}-{region}"
    policy = client("s3", "data").get_bucket_policy(Bucket=trail)["Policy"]
    found[f"arn:aws:s3:::{trail}"] = json.loads(policy)
    audit = f"{PREFIX}audit-{accounts['governance']}-{region}"
    policy = client("s3", "governance").get_bucket_policy(Bucket=audit)["Policy"]
    found[f"arn:aws:s3:::{audit}"] = json.loads(policy)
    glue = client("glue", "data")
    with contextlib.suppress(glue.exceptions.EntityNotFoundException):  # an operator puts it
        policy = glue.get_resource_policy()["PolicyInJson"]
        found[f"arn:aws:glue:{region}:{accounts['data']}:catalog"] = json.loads(policy)
    sqs, events = client("sqs", "governance"), client("events", "governance")
    for queue in ("causeway-registry-events", "causeway-registry-events-dlq"):
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        wanted = ["Policy", "QueueArn"]
        held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
        found[held["QueueArn"]] = json.loads(held["Policy"])
    topic = f"arn:aws:sns:{region}:{accounts['governance']}:causeway-alerts"
    held = client("sns", "governance").get_topic_attributes(TopicArn=topic)["Attributes"]
    found[topic] = json.loads(held["Policy"])
    bus = events.describe_event_bus(Name="causeway-governance")
    found[bus["Arn"]] = json.loads(bus["Policy"])
    return found
