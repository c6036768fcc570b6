"""Requests to create or update a stack, checked and with bound parameters.

Source: AWS CloudFormation API Reference. Options that would have no effect here are refused.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from localaws.cloudformation import template
from localaws.cloudformation.deployment import Deployment
from localaws.cloudformation.errors import TemplateError
from localaws.cloudformation.evaluation import Evaluation
from localaws.cloudformation.ordering import in_order
from localaws.cloudformation.parameters import bind
from localaws.cloudformation.resource import Context
from localaws.cloudformation.stack import Request, Stack, Stacks
from localaws.cloudformation.template import Template
from localaws.kit.service import Call, ServiceError

PRINCIPAL = "cloudformation.amazonaws.com"
SESSION = "AWSCloudFormation"
STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
REFUSED = (
    "NotificationARNs",
    "ResourceTypes",
    "RollbackConfiguration",
    "StackPolicyBody",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "StackPolicyURL",
    "TemplateURL",
)


def new_stack(call: Call) -> Stack:
    """Return a new stack of the request, without resources; ServiceError if it is wrong."""
    name = call.params["StackName"]
    if not STACK_NAME.fullmatch(name):
        raise ServiceError(
            "ValidationError",
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy "
            f"constraint: Member must satisfy regular expression pattern: {STACK_NAME.pattern}",
        )
    stack_id = call.arn(f"stack/{name}/{uuid.uuid4()}")
    return Stack(name, stack_id, call.now(), build(call, name, stack_id, None), call.now)


def build(call: Call, name: str, stack_id: str, stack: Stack | None) -> Request:
    """Return a request to create or update a stack; ServiceError if it is wrong."""
    params = call.params
    if params.get("UsePreviousTemplate") and stack is not None:
        loaded = stack.request.template
    else:
        loaded = load(params.get("TemplateBody") or "")
    _check_capabilities(loaded, params.get("Capabilities") or [])
    pseudo = {
        "AWS::AccountId": call.account,
        "AWS::NotificationARNs": [],
        "AWS::Region": call.region,
        "AWS::StackId": stack_id,
        "AWS::StackName": name,
    }
    try:
        bound = bind(loaded.parameters, _values(params.get("Parameters") or [], stack))
        evaluation = Evaluation(loaded, bound, pseudo, call.store(Stacks).exports)
        order = in_order(evaluation)
    except TemplateError as error:
        raise ServiceError("ValidationError", str(error)) from error
    tags = params.get("Tags")
    previous = stack.request.tags if stack is not None and tags is None else {}
    return Request(
        template=loaded,
        parameters=bound,
        tags={**previous, **{tag["Key"]: tag["Value"] for tag in tags or []}},
        capabilities=list(params.get("Capabilities") or []),
        evaluation=evaluation,
        order=order,
        on_failure=_on_failure(params, stack),
        token=params.get("ClientRequestToken"),
        timeout_minutes=params.get("TimeoutInMinutes"),
    )


def _values(parameters: list[dict[str, Any]], stack: Stack | None) -> dict[str, str]:
    values: dict[str, str] = {}
    for item in parameters:
        key = item.get("ParameterKey", "")
        if item.get("UsePreviousValue"):
            if stack is None or key not in stack.request.parameters:
                raise TemplateError(
                    f"Invalid input for parameter key {key}. Cannot specify usePreviousValue as "
                    "true for a parameter key not in the previous template"
                )
            values[key] = stack.request.parameters[key]
        else:
            values[key] = str(item.get("ParameterValue", ""))
    return values


def _on_failure(params: dict[str, Any], stack: Stack | None) -> str:
    if params.get("DisableRollback") and params.get("OnFailure"):
        raise ServiceError(
            "ValidationError", "You can specify either DisableRollback or OnFailure, but not both."
        )
    if params.get("DisableRollback"):
        if stack is not None:
            raise unsupported("DisableRollback of an update")
        return "DO_NOTHING"
    return str(params.get("OnFailure") or "ROLLBACK")


def load(body: str) -> Template:
    """Parse a template; ValidationError if it is wrong."""
    if not body:
        raise ServiceError(
            "ValidationError", "Either Template URL or Template Body must be specified."
        )
    try:
        return template.load(body)
    except TemplateError as error:
        raise ServiceError("ValidationError", str(error)) from error


def capability(loaded: Template) -> tuple[str | None, str]:
    """Return the capability that a template needs, and the types that need it."""
    iam = {i.type: i for i in loaded.resources.values() if i.type.startswith("AWS::IAM::")}
    named = any(
        f"{item.type.rsplit('::', 1)[1]}Name" in item.properties
        for item in loaded.resources.values()
        if item.type in iam
    )
    if not iam:
        return None, ""
    return ("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM"), ", ".join(sorted(iam))


def _check_capabilities(loaded: Template, acknowledged: list[str]) -> None:
    needed, _why = capability(loaded)
    enough = {"CAPABILITY_IAM": {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}}
    if needed and not enough.get(needed, {needed}) & set(acknowledged):
        raise ServiceError(
            "InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]"
        )


def refuse_unsupported(call: Call) -> None:
    """Refuse options that would have no effect here."""
    for name in REFUSED:
        if call.params.get(name):
            raise unsupported(name)


def unsupported(what: str) -> ServiceError:
    """Return the error of an option that is not supported."""
    return ServiceError("ValidationError", f"the local CloudFormation does not support {what}")


def role_of(call: Call, stack: Stack) -> str | None:
    """Return the service role of a request: its own, or else that of the stack.

    A role that was given once stays with the stack (CloudFormation API Reference, UpdateStack,
    `RoleARN`): the operation sets it when it starts.
    """
    return call.params.get("RoleARN") or stack.role_arn


def deployment_of(call: Call, stack: Stack, role_arn: str | None) -> Deployment:
    """Return the deployment of a stack with a service role, or else by the caller.

    The caller's permission to pass the role was checked before.
    """
    client = call.client if role_arn is None else _clients(call, stack, role_arn)
    context = Context(call.account, call.region, stack.stack_id, stack.name, client)
    return Deployment(stack, call.store(Stacks), context)


def _clients(call: Call, stack: Stack, role_arn: str) -> Callable[[str], Any]:
    try:
        session = call.identities.assume(role_arn, SESSION, PRINCIPAL, stack.stack_id)
    except ServiceError as error:
        raise ServiceError(
            "ValidationError", f"Role {role_arn} is invalid or cannot be assumed"
        ) from error
    return lambda service: call.clients.client(service, session, call.region)
