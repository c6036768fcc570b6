"""Glue: the resource policy of a catalog, which can allow callers of other accounts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from causeway.iam import MalformedPolicy, PolicyType, parse
from localaws.glue.catalog import Catalog, CatalogPolicy, missing, only, refused
from localaws.kit.service import Call, Service, ServiceError

glue = Service.named("glue")


@glue.operation("PutResourcePolicy")
def put_resource_policy(call: Call) -> dict[str, Any]:
    """Replace the policy, if `PolicyHashCondition` and `PolicyExistsCondition` hold."""
    only(call, call.params, {"PolicyInJson", "PolicyHashCondition", "PolicyExistsCondition"})
    catalog, text = call.store(Catalog), call.params["PolicyInJson"]
    _check(call, text)
    exists = call.params.get("PolicyExistsCondition", "NONE")
    if exists == "MUST_EXIST" and catalog.policy is None:
        raise missing("Policy not found.")
    if exists == "NOT_EXIST" and catalog.policy is not None:
        raise _conflict("The policy exists.")
    _check_digest(call, catalog)
    now = call.now()
    created = catalog.policy.created if catalog.policy else now
    digest = hashlib.sha256(text.encode()).hexdigest()
    catalog.policy = CatalogPolicy(text, digest, created, now)
    return {"PolicyHash": digest}


@glue.operation("GetResourcePolicy")
def get_resource_policy(call: Call) -> dict[str, Any]:
    """Return the policy and its hash; EntityNotFoundException when there is none."""
    only(call, call.params, set())
    policy = _policy(call.store(Catalog))
    return {
        "PolicyInJson": policy.text,
        "PolicyHash": policy.digest,
        "CreateTime": policy.created,
        "UpdateTime": policy.updated,
    }


@glue.operation("DeleteResourcePolicy")
def delete_resource_policy(call: Call) -> dict[str, Any]:
    """Remove the policy."""
    only(call, call.params, {"PolicyHashCondition"})
    catalog = call.store(Catalog)
    _policy(catalog)
    _check_digest(call, catalog)
    catalog.policy = None
    return {}


def _policy(catalog: Catalog) -> CatalogPolicy:
    if catalog.policy is None:
        raise missing("Policy not found.")
    return catalog.policy


def _check_digest(call: Call, catalog: Catalog) -> None:
    digest = call.params.get("PolicyHashCondition")
    if digest and (catalog.policy is None or catalog.policy.digest != digest):
        raise _conflict("The policy is another than the PolicyHashCondition says.")


def _check(call: Call, text: str) -> None:
    """Refuse a malformed policy, and one with a resource of another catalog."""
    try:
        parse(text, PolicyType.RESOURCE, "the policy of the catalog")
    except MalformedPolicy as error:
        raise refused(f"Policy is not valid: {error}") from error
    statements = json.loads(text)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        resources = statement.get("Resource", [])
        for resource in resources if isinstance(resources, list) else [resources]:
            if not str(resource).startswith(f"arn:aws:glue:{call.region}:{call.account}:"):
                raise refused(f"Resource {resource} is not of this catalog.")


def _conflict(message: str) -> ServiceError:
    return ServiceError("ConditionCheckFailureException", message)
