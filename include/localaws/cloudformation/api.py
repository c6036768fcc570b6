"""CloudFormation's operations that change stacks.

Source: AWS CloudFormation API Reference. Options that would have no effect here are refused.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

from localaws.cloudformation import operations, resources, template
from localaws.cloudformation.deployment import Deployment
from localaws.cloudformation.errors import TemplateError
from localaws.cloudformation.evaluation import Evaluation
from localaws.cloudformation.ordering import in_order
from localaws.cloudformation.parameters import bind
from localaws.cloudformation.reading import find_stack
from localaws.cloudformation.resource import Context
from localaws.cloudformation.stack import UPDATABLE, Request, Stack, Stacks
from localaws.cloudformation.template import Template
from localaws.kit.service import Call, Service, ServiceError

cloudformation = Service.named("cloudformation")
_ = resources  # registers the resource types

STACK_NAME = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
REFUSED = (
    "NotificationARNs",
    "ResourceTypes",
    "RoleARN",
    "RollbackConfiguration",
    "StackPolicyBody",
    "StackPolicyDuringUpdateBody",
    "StackPolicyDuringUpdateURL",
    "StackPolicyURL",
    "TemplateURL",
)


@cloudformation.operation("CreateStack")
def create_stack(call: Call) -> dict[str, Any]:
    """Start to create a stack; its resources are created in the background."""
    stacks, name = call.store(Stacks), call.params["StackName"]
    _refuse_unsupported(call)
    if not STACK_NAME.fullmatch(name):
        raise ServiceError(
            "ValidationError",
            f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy "
            f"constraint: Member must satisfy regular expression pattern: {STACK_NAME.pattern}",
        )
    live = stacks.live(name)
    if live is not None:
        token = call.params.get("ClientRequestToken")
        if token and token == live.request.token:
            return {"StackId": live.stack_id}
        raise ServiceError("AlreadyExistsException", f"Stack [{name}] already exists")
    stack_id = call.arn(f"stack/{name}/{uuid.uuid4()}")
    request = _request(call, name, stack_id, None)
    stack = Stack(name, stack_id, call.now(), request, call.now)
    stack.protected = bool(call.params.get("EnableTerminationProtection"))
    stacks.by_id[stack_id] = stack
    stack.turn("CREATE_IN_PROGRESS", "User Initiated")
    call.background(operations.create, _deployment(call, stack))
    return {"StackId": stack_id}


@cloudformation.operation("UpdateStack")
def update_stack(call: Call) -> dict[str, Any]:
    """Start an update; ValidationError if nothing would change."""
    _refuse_unsupported(call)
    stack = find_stack(call, call.params["StackName"])
    if stack.status not in UPDATABLE:
        raise ServiceError(
            "ValidationError",
            f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.",
        )
    request = _request(call, stack.name, stack.stack_id, stack)
    deployment = _deployment(call, stack)
    try:
        changes = operations.has_changes(deployment, request)
    except TemplateError as error:
        raise ServiceError("ValidationError", str(error)) from error
    if not changes:
        raise ServiceError("ValidationError", "No updates are to be performed.")
    stack.updated = stack.now()
    stack.turn("UPDATE_IN_PROGRESS", "User Initiated")
    call.background(operations.update, deployment, request)
    return {"StackId": stack.stack_id}


@cloudformation.operation("DeleteStack")
def delete_stack(call: Call) -> dict[str, Any]:
    """Start a deletion; it is no error if the stack does not exist."""
    if call.params.get("RoleARN"):
        raise _unsupported("RoleARN")
    stack = call.store(Stacks).find(call.params["StackName"])
    if stack is None or stack.status == "DELETE_COMPLETE":
        return {}
    if stack.protected:
        raise ServiceError(
            "ValidationError",
            f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled",
        )
    if stack.status.endswith("_IN_PROGRESS"):
        raise ServiceError(
            "ValidationError",
            f"Stack [{stack.name}] cannot be deleted while in status {stack.status}",
        )
    retain = call.params.get("RetainResources") or []
    if retain and stack.status != "DELETE_FAILED":
        raise ServiceError(
            "ValidationError",
            "Invalid operation on stack. Specify RetainResources only when DeleteStack failed",
        )
    stack.turn("DELETE_IN_PROGRESS", "User Initiated")
    call.background(operations.delete, _deployment(call, stack), tuple(retain))
    return {}


@cloudformation.operation("UpdateTerminationProtection")
def update_termination_protection(call: Call) -> dict[str, Any]:
    """Protect a stack from deletion, or stop protecting it."""
    stack = find_stack(call, call.params["StackName"])
    stack.protected = bool(call.params["EnableTerminationProtection"])
    return {"StackId": stack.stack_id}


@cloudformation.operation("ValidateTemplate")
def validate_template(call: Call) -> dict[str, Any]:
    """Parse a template and return its parameters and the capabilities it needs."""
    if call.params.get("TemplateURL"):
        raise _unsupported("TemplateURL")
    loaded = _load(call.params.get("TemplateBody") or "")
    parameters = []
    for name, declaration in loaded.parameters.items():
        hidden = str(declaration.get("NoEcho", "")).lower() == "true"
        shown: dict[str, Any] = {"ParameterKey": name, "NoEcho": hidden}
        if "Default" in declaration:
            shown["DefaultValue"] = str(declaration["Default"])
        if declaration.get("Description"):
            shown["Description"] = declaration["Description"]
        parameters.append(shown)
    reply: dict[str, Any] = {"Parameters": parameters, "Capabilities": []}
    if loaded.description:
        reply["Description"] = loaded.description
    needed, why = _capability(loaded)
    if needed:
        reply["Capabilities"] = [needed]
        reply["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{why}]"
    return reply


# ---------------------------------------------------------------- building a request
def _request(call: Call, name: str, stack_id: str, stack: Stack | None) -> Request:
    params = call.params
    if params.get("UsePreviousTemplate") and stack is not None:
        loaded = stack.request.template
    else:
        loaded = _load(params.get("TemplateBody") or "")
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
        evaluation = Evaluation(loaded, bound, pseudo)
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
            raise _unsupported("DisableRollback of an update")
        return "DO_NOTHING"
    return str(params.get("OnFailure") or "ROLLBACK")


def _load(body: str) -> Template:
    if not body:
        raise ServiceError(
            "ValidationError", "Either Template URL or Template Body must be specified."
        )
    try:
        return template.load(body)
    except TemplateError as error:
        raise ServiceError("ValidationError", str(error)) from error


def _capability(loaded: Template) -> tuple[str | None, str]:
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
    needed, _why = _capability(loaded)
    enough = {"CAPABILITY_IAM": {"CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"}}
    if needed and not enough.get(needed, {needed}) & set(acknowledged):
        raise ServiceError(
            "InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]"
        )


def _refuse_unsupported(call: Call) -> None:
    for name in REFUSED:
        if call.params.get(name):
            raise _unsupported(name)


def _unsupported(what: str) -> ServiceError:
    return ServiceError("ValidationError", f"the local CloudFormation does not support {what}")


def _deployment(call: Call, stack: Stack) -> Deployment:
    context = Context(call.account, call.region, stack.stack_id, stack.name, call.client)
    return Deployment(stack, call.store(Stacks), context)
