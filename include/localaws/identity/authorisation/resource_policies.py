"""The policies of resources: buckets, keys, queues, topics, buses, tables, …"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from causeway.iam import Policy, PolicyType
from localaws.door.routing import bucket_of
from localaws.identity.authorisation.gathering import read
from localaws.kit.arns import Arn, is_arn, parse_arn
from localaws.kit.capabilities import Resources

Document = str | bytes | dict[str, Any] | None
Look = Callable[[Resources, Arn], "Iterator[Document]"]


def of_resource(resources: Resources, resource: str) -> tuple[Policy, ...]:
    """Return the policies attached to a resource."""
    if not is_arn(resource):
        return ()
    arn = parse_arn(resource)
    look = LOOKS.get(arn.service)
    if look is None:
        return ()
    policies = []
    for document in look(resources, arn):
        if document:
            text = document.decode() if isinstance(document, bytes) else document
            policy = read(text, PolicyType.RESOURCE, f"the policy of {resource}")
            policies += [policy] if policy else []
    return tuple(policies)


def trust_policy(role: Any) -> tuple[Policy, ...]:
    """Return a role's trust policy."""
    policy = read(role.assume_role_policy_document, PolicyType.TRUST, str(role.arn))
    return (policy,) if policy else ()


def _bucket(_: Resources, arn: Arn) -> Iterator[Document]:
    bucket = bucket_of(arn.resource.split("/", 1)[0])
    if bucket is not None:
        yield bucket.policy


def _key(resources: Resources, arn: Arn) -> Iterator[Document]:
    if arn.resource.startswith("alias/aws/"):
        yield _managed_key(arn)
        return
    if arn.resource_type != "key" or arn.account not in resources.account_ids():
        return
    from moto.kms.models import kms_backends

    key = kms_backends[arn.account][arn.region].keys.get(arn.resource_id)
    if key is None:  # so that KMS itself can answer that there is no such key
        yield _whole_account(arn)
        return
    yield key.policy
    for grant in list(key.grants.values()):
        yield _granted(str(key.arn), grant)


def _granted(key_arn: str, grant: Any) -> Document:
    """Return a grant as a statement: it works like a key policy for its grantee."""
    condition: dict[str, Any] = {}
    constraints = grant.constraints or {}
    for name in ("EncryptionContextSubset", "EncryptionContextEquals"):
        for key, value in (constraints.get(name) or {}).items():
            condition.setdefault("StringEquals", {})[f"kms:EncryptionContext:{key}"] = value
    return _statement(
        {"AWS": grant.grantee_principal},
        [f"kms:{operation}" for operation in grant.operations],
        key_arn,
        condition,
    )


def _managed_key(arn: Arn) -> Document:
    """Return the policy of an AWS managed key: its account may use it through the key's service.

    Source: Amazon S3 User Guide, on the key `aws/s3`. Such a key cannot be shared.
    """
    service = arn.resource.removeprefix("alias/aws/")
    actions = ["Encrypt", "Decrypt", "ReEncrypt*", "GenerateDataKey*", "CreateGrant", "DescribeKey"]
    return _statement(
        {"AWS": "*"},
        [f"kms:{action}" for action in actions],
        "*",
        {
            "StringEquals": {
                "kms:CallerAccount": arn.account,
                "kms:ViaService": f"{service}.{arn.region}.amazonaws.com",
            }
        },
    )


def _whole_account(arn: Arn) -> Document:
    return _statement({"AWS": f"arn:aws:iam::{arn.account}:root"}, ["kms:*"], "*", {})


def _statement(
    principal: dict[str, Any], actions: list[str], resource: str, condition: dict[str, Any]
) -> str:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": actions,
        "Resource": resource,
    }
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _queue(resources: Resources, arn: Arn) -> Iterator[Document]:
    if arn.account in resources.account_ids():
        from moto.sqs.models import sqs_backends

        queue = sqs_backends[arn.account][arn.region].queues.get(arn.resource)
        if queue is not None:
            yield queue.policy


def _topic(resources: Resources, arn: Arn) -> Iterator[Document]:
    if arn.account in resources.account_ids():
        from moto.sns.models import sns_backends

        topic = sns_backends[arn.account][arn.region].topics.get(str(arn))
        if topic is not None:
            yield topic.policy


def _bus(resources: Resources, arn: Arn) -> Iterator[Document]:
    if arn.account in resources.account_ids() and arn.resource_type == "event-bus":
        from moto.events.models import events_backends

        bus = events_backends[arn.account][arn.region].event_buses.get(arn.resource_id)
        if bus is not None:
            yield bus.policy


def _table(resources: Resources, arn: Arn) -> Iterator[Document]:
    if arn.account in resources.account_ids():
        from moto.dynamodb.models import dynamodb_backends

        policies = dynamodb_backends[arn.account][arn.region].resource_policies
        table = str(arn).split("/index/", 1)[0]
        for name in {table, str(arn)}:
            if name in policies:
                yield policies[name].policy_doc


def _repository(resources: Resources, arn: Arn) -> Iterator[Document]:
    if arn.account in resources.account_ids():
        from moto.ecr.models import ecr_backends

        repository = ecr_backends[arn.account][arn.region].repositories.get(arn.resource_id)
        if repository is not None and repository.policy:
            yield _with_resource(repository.policy, str(arn))


def _with_resource(policy: str, resource: str) -> Document:
    """Add the repository to each statement of its policy; ECR's policies have no resource."""
    document = json.loads(policy)
    for statement in document.get("Statement", []):
        statement.setdefault("Resource", resource)
    return json.dumps(document)


def _group(resources: Resources, arn: Arn) -> Iterator[Document]:
    """Yield a model package group's policy, which also applies to its versions."""
    if arn.resource_type in ("model-package-group", "model-package"):
        from localaws.sagemaker.registry.store import Registry

        name = arn.resource_id.split("/", 1)[0]
        group = resources.store(Registry, arn.account, arn.region).groups.get(name)
        if group is not None:
            yield group.policy


def _catalog(resources: Resources, arn: Arn) -> Iterator[Document]:
    """Yield the policy of a Data Catalog, which applies to everything in it."""
    if arn.account in resources.account_ids():
        from localaws.glue.catalog import Catalog

        policy = resources.store(Catalog, arn.account, arn.region).policy
        if policy is not None:
            yield policy.text


LOOKS: dict[str, Look] = {
    "s3": _bucket,
    "kms": _key,
    "sqs": _queue,
    "sns": _topic,
    "events": _bus,
    "dynamodb": _table,
    "ecr": _repository,
    "sagemaker": _group,
    "glue": _catalog,
}
