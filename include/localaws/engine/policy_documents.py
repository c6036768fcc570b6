"""Policies of roles, buckets, keys, queues, topics, tables and repositories, when they are set.

moto stores any text. AWS refuses a document that breaks the grammar, names a user or role that does
not exist, or names a resource other than the one it is attached to. The codes are those of the
botocore models; the messages are those that the services are known to send, as far as they are
public. Principals are looked up in the accounts of the local AWS only: other accounts may exist.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from causeway.iam import MalformedPolicy, Policy, PolicyType, Request, evaluate, parse
from causeway.iam import Policies as Applicable
from localaws.door.routing import bucket_of
from localaws.engine.corrections import MotoCall, before
from localaws.engine.service_principals import is_service
from localaws.identity.authorisation.principals import subject_of
from localaws.identity.credentials import iam_backend
from localaws.kit.arns import is_arn
from localaws.kit.service import ServiceError

_IDENTITY = re.compile(r"arn:aws:iam::(\d{12}):(user|role)/(.+)")
_PROVIDER = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):(?:saml|oidc)-provider/.+")
_DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")


@dataclass(frozen=True)
class Words:
    """How a service refuses a policy: its code and its sentences."""

    code: str
    malformed: str = "{what}"
    principal: str = 'Invalid principal in policy: "{kind}":"{name}"'
    resource: str = "Policy has invalid resource"

    def refuse(self, sentence: str, **values: str) -> ServiceError:
        """Return the error of a sentence."""
        return ServiceError(self.code, sentence.format(**values))


TRUST = Words("MalformedPolicyDocument")
BUCKET = Words("MalformedPolicy", principal="Invalid principal in policy")
KEY = Words(
    "MalformedPolicyDocumentException",
    principal="Policy contains a statement with one or more invalid principals.",
)
QUEUE = Words(
    "InvalidAttributeValue",
    malformed="Invalid value for the parameter Policy.",
    principal="Invalid value for the parameter Policy.",
    resource="Invalid value for the parameter Policy.",
)
TOPIC = Words(
    "InvalidParameter",
    malformed="Invalid parameter: Policy Error: {what}",
    principal="Invalid parameter: Policy Error: PrincipalNotFound",
    resource="Invalid parameter: Policy statement resource must be the topic",
)
TABLE = Words(
    "ValidationException",
    malformed="Invalid policy document: {what}",
    principal="Invalid policy document: Invalid principal in policy",
    resource="Invalid policy document: the resource must be the table or its indexes",
)
REPOSITORY = Words(
    "InvalidParameterException",
    malformed="Invalid parameter at 'PolicyText' failed to satisfy constraint: "
    "'Invalid repository policy provided'",
    principal="Invalid parameter at 'PolicyText' failed to satisfy constraint: "
    "'Principal not found'",
)
BUS = Words("ValidationException", malformed="Policy is invalid: {what}")


@before("iam", "CreateRole", "UpdateAssumeRolePolicy")
def check_trust_policy(call: MotoCall) -> None:
    """Refuse a role's trust policy that IAM would not store."""
    name = "AssumeRolePolicyDocument" if call.operation == "CreateRole" else "PolicyDocument"
    policy = _read(call, call.params.get(name), PolicyType.TRUST, TRUST)
    if any(not action.startswith("sts:") for action in _actions(call.params.get(name))):
        raise TRUST.refuse("AssumeRole policy may only specify STS AssumeRole actions.")
    _check_principals(call, policy, TRUST)
    _check_providers(call, policy)


@before("s3", "PutBucketPolicy")
def check_bucket_policy(call: MotoCall) -> None:
    """Refuse a policy of another bucket, a malformed one, and a public one if these are blocked.

    Source: S3 User Guide, "Blocking public access to your Amazon S3 storage": `BlockPublicPolicy`.
    """
    text = call.params.get("Policy")
    text = text.decode() if isinstance(text, bytes) else text
    policy = _read(call, text, PolicyType.RESOURCE, BUCKET, without_principal="Principal")
    bucket = str(call.params["Bucket"])
    own = f"arn:aws:s3:::{bucket}"
    if any(not re.fullmatch(rf"{re.escape(own)}([/*].*)?", r) for r in _resources(text)):
        raise BUCKET.refuse(BUCKET.resource)
    _check_principals(call, policy, BUCKET)
    block = getattr(bucket_of(bucket), "public_access_block", None)
    if block is not None and block.block_public_policy and _public(policy):
        raise ServiceError(
            "AccessDenied",
            f"User: {call.caller.arn} is not authorized to perform: s3:PutBucketPolicy on "
            f'resource: "{own}" because public policies are prevented by the BlockPublicPolicy '
            "setting in S3 Block Public Access.",
            403,
        )


@before("kms", "CreateKey", "PutKeyPolicy")
def check_key_policy(call: MotoCall) -> None:
    """Refuse a malformed key policy, and one that its writer could not change again.

    Source: KMS API Reference, PutKeyPolicy, `BypassPolicyLockoutSafetyCheck`.
    """
    text = call.params.get("Policy")
    if not text:
        return
    policy = _read(call, text, PolicyType.RESOURCE, KEY)
    _check_principals(call, policy, KEY)
    if call.params.get("BypassPolicyLockoutSafetyCheck"):
        return
    key = f"arn:aws:kms:{call.region}:{call.account}:key/{call.params.get('KeyId') or 'new'}"
    own = parse(_EVERYTHING, PolicyType.IDENTITY, "the caller's permission")
    request = Request(subject_of(call.caller), "kms:PutKeyPolicy", key, {}, call.account)
    if not evaluate(request, Applicable(identity=(own,), resource=(policy,))).allowed:
        raise KEY.refuse("The new key policy will not allow you to update the key policy.")


_EVERYTHING = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
)


@before("sqs", "CreateQueue", "SetQueueAttributes")
def check_queue_policy(call: MotoCall) -> None:
    """Refuse a queue policy that SQS would not store; an empty text removes it."""
    if text := (call.params.get("Attributes") or {}).get("Policy"):
        policy = _read(call, text, PolicyType.RESOURCE, QUEUE)
        _check_principals(call, policy, QUEUE)
        name = call.params.get("QueueName") or str(call.params["QueueUrl"]).rsplit("/", 1)[-1]
        own = f"arn:aws:sqs:{call.region}:{call.account}:{name}"
        if any(not _within(resource, own) for resource in _resources(text)):
            raise QUEUE.refuse(QUEUE.resource)


@before("sns", "CreateTopic", "SetTopicAttributes")
def check_topic_policy(call: MotoCall) -> None:
    """Refuse a topic policy that SNS would not store."""
    if call.operation == "CreateTopic":
        text = (call.params.get("Attributes") or {}).get("Policy")
        own = call.arn(str(call.params.get("Name")))
    elif call.params.get("AttributeName") == "Policy":
        text, own = call.params.get("AttributeValue"), str(call.params["TopicArn"])
    else:
        return
    if text:
        policy = _read(call, text, PolicyType.RESOURCE, TOPIC)
        _check_principals(call, policy, TOPIC)
        if any(not _within(resource, own) for resource in _resources(text)):
            raise TOPIC.refuse(TOPIC.resource)


@before("dynamodb", "PutResourcePolicy", "CreateTable")
def check_table_policy(call: MotoCall) -> None:
    """Refuse a table policy that DynamoDB would not store."""
    text = call.params.get("Policy" if call.operation == "PutResourcePolicy" else "ResourcePolicy")
    if not text:
        return
    policy = _read(call, text, PolicyType.RESOURCE, TABLE)
    _check_principals(call, policy, TABLE)
    named = str(call.params.get("ResourceArn") or call.params.get("TableName"))
    own = named if is_arn(named) else call.arn(f"table/{named}")
    if any(not _within(resource, own) for resource in _resources(text)):
        raise TABLE.refuse(TABLE.resource)


@before("ecr", "SetRepositoryPolicy")
def check_repository_policy(call: MotoCall) -> None:
    """Refuse a repository policy that ECR would not store."""
    policy = _read(call, call.params.get("policyText"), PolicyType.RESOURCE, REPOSITORY)
    _check_principals(call, policy, REPOSITORY)


@before("events", "PutPermission")
def check_bus_policy(call: MotoCall) -> None:
    """Refuse a bus policy that EventBridge would not store."""
    if text := call.params.get("Policy"):
        _check_principals(call, _read(call, text, PolicyType.RESOURCE, BUS), BUS)


def _read(
    call: MotoCall, text: Any, kind: PolicyType, words: Words, without_principal: str = ""
) -> Policy:
    try:
        return parse(str(text or ""), kind, f"the policy of {call.operation}")
    except MalformedPolicy as error:
        what = error.what.removeprefix("malformed policy document: ")
        if "is no principal" in what:
            raise words.refuse(words.principal, kind="AWS", name=what.split("'")[1]) from None
        raise words.refuse(words.malformed, what=what) from None


def _check_principals(call: MotoCall, policy: Policy, words: Words) -> None:
    for statement in policy.statements:
        element = statement.principal
        if element is None:
            continue
        for name in sorted(element.identities):
            if not _exists(call, name):
                raise words.refuse(words.principal, kind="AWS", name=name)
        for name in sorted(element.services):
            if name != "*" and not is_service(name):
                raise words.refuse(words.principal, kind="SERVICE", name=name)


def _check_providers(call: MotoCall, policy: Policy) -> None:
    """Refuse what is no identity provider, and a provider of another account.

    IAM's sentence is known from reports of its users; that IAM says it of another account's
    provider, which STS would not accept, is not verified.
    """
    for statement in policy.statements:
        for name in sorted(statement.principal.providers if statement.principal else ()):
            provider = _PROVIDER.fullmatch(name)
            own = provider[1] == call.account if provider else _DOMAIN.fullmatch(name)
            if name != "*" and not own:
                raise TRUST.refuse(
                    "Federated principals must be valid domain names or SAML metadata ARNs"
                )


def _exists(call: MotoCall, name: str) -> bool:
    """Tell whether a principal exists; sessions and accounts from outside are taken as they are."""
    match = _IDENTITY.fullmatch(name)
    if match is None or match[1] not in call.account_ids():
        return True
    backend = iam_backend(match[1])
    identities = backend.users if match[2] == "user" else backend.roles
    return any(identity.arn == name for identity in list(identities.values()))


def _public(policy: Policy) -> bool:
    """Tell whether a policy grants access to everyone without a condition that fixes who.

    S3's list of conditions that make a policy non-public is longer than "any condition"; a policy
    with a condition is taken as non-public here.
    """
    return any(
        not statement.denies
        and not statement.conditions
        and statement.principal is not None
        and (statement.principal.everyone or statement.not_principal)
        for statement in policy.statements
    )


def _within(resource: str, own: str) -> bool:
    """Tell whether a policy's resource lies in the resource that has the policy."""
    if resource == "*":
        return True
    plain = re.split(r"[*?]", resource, maxsplit=1)[0]
    if plain != resource and own.startswith(plain):
        return True
    return plain == own or plain.startswith(f"{own}/")


def _resources(document: Any) -> Iterator[str]:
    for statement in _statements(document):
        value = statement.get("Resource", [])
        yield from [value] if isinstance(value, str) else value


def _actions(document: Any) -> Iterator[str]:
    for statement in _statements(document):
        value = statement.get("Action", [])
        yield from [value] if isinstance(value, str) else value


def _statements(document: Any) -> list[dict[str, Any]]:
    content = json.loads(str(document))["Statement"]
    return content if isinstance(content, list) else [content]
