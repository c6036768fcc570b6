"""CloudFormation's operations that change stacks.

Source: AWS CloudFormation API Reference. Options that would have no effect here are refused.
"""

from __future__ import annotations

from typing import Any

from localaws.cloudformation import operations, resources
from localaws.cloudformation.errors import TemplateError
from localaws.cloudformation.reading import find_stack
from localaws.cloudformation.requests import (
    build,
    capability,
    deployment_of,
    load,
    new_stack,
    refuse_unsupported,
    role_of,
    unsupported,
)
from localaws.cloudformation.stack import REVIEW, UPDATABLE, Stacks
from localaws.cloudformation.template import Template
from localaws.kit.service import Call, Service, ServiceError

cloudformation = Service.named("cloudformation")
_ = resources  # registers the resource types


@cloudformation.operation("CreateStack")
def create_stack(call: Call) -> dict[str, Any]:
    """Start to create a stack; its resources are created in the background."""
    stacks, name = call.store(Stacks), call.params["StackName"]
    refuse_unsupported(call)
    live = stacks.live(name)
    if live is not None:
        token = call.params.get("ClientRequestToken")
        if token and token == live.request.token:
            return {"StackId": live.stack_id}
        raise ServiceError("AlreadyExistsException", f"Stack [{name}] already exists")
    stack = new_stack(call)
    stack.protected = bool(call.params.get("EnableTerminationProtection"))
    stack.role_arn = role_of(call, stack)
    deployment = deployment_of(call, stack, stack.role_arn)
    stacks.by_id[stack.stack_id] = stack
    stack.turn("CREATE_IN_PROGRESS", "User Initiated")
    call.background(operations.create, deployment)
    return {"StackId": stack.stack_id}


@cloudformation.operation("UpdateStack")
def update_stack(call: Call) -> dict[str, Any]:
    """Start an update; ValidationError if nothing would change."""
    refuse_unsupported(call)
    stack = find_stack(call, call.params["StackName"])
    if stack.status not in UPDATABLE:
        raise ServiceError(
            "ValidationError",
            f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.",
        )
    request = build(call, stack.name, stack.stack_id, stack)
    role_arn = role_of(call, stack)
    deployment = deployment_of(call, stack, role_arn)
    try:
        changes = operations.has_changes(deployment, request)
    except TemplateError as error:
        raise ServiceError("ValidationError", str(error)) from error
    if not changes:
        raise ServiceError("ValidationError", "No updates are to be performed.")
    stack.updated, stack.role_arn = stack.now(), role_arn
    stack.turn("UPDATE_IN_PROGRESS", "User Initiated")
    call.background(operations.update, deployment, request)
    return {"StackId": stack.stack_id}


@cloudformation.operation("DeleteStack")
def delete_stack(call: Call) -> dict[str, Any]:
    """Start a deletion; it is no error if the stack does not exist."""
    stack = call.store(Stacks).find(call.params["StackName"])
    if stack is None or stack.status == "DELETE_COMPLETE":
        return {}
    if stack.protected:
        raise ServiceError(
            "ValidationError",
            f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled",
        )
    if stack.status.endswith("_IN_PROGRESS") and stack.status != REVIEW:
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
    role_arn = role_of(call, stack)
    deployment = deployment_of(call, stack, role_arn)
    stack.role_arn = role_arn
    stack.turn("DELETE_IN_PROGRESS", "User Initiated")
    call.background(operations.delete, deployment, tuple(retain))
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
        raise unsupported("TemplateURL")
    loaded = load(call.params.get("TemplateBody") or "")
    return {"Parameters": _parameters(loaded), **_about(loaded)}


@cloudformation.operation("GetTemplateSummary")
def get_template_summary(call: Call) -> dict[str, Any]:
    """Describe a template, or that of a stack, without creating anything."""
    for option in ("TemplateURL", "StackSetName", "TemplateSummaryConfig"):
        if call.params.get(option):
            raise unsupported(option)
    named = call.params.get("StackName")
    loaded = (
        find_stack(call, named).request.template
        if named
        else load(call.params.get("TemplateBody") or "")
    )
    parameters = [
        {
            **shown,
            "ParameterType": declaration.get("Type", "String"),
            "ParameterConstraints": {
                "AllowedValues": [str(value) for value in declaration.get("AllowedValues", [])]
            },
        }
        for shown, declaration in zip(_parameters(loaded), loaded.parameters.values(), strict=True)
    ]
    types = sorted({resource.type for resource in loaded.resources.values()})
    return {"Parameters": parameters, "ResourceTypes": types, **_about(loaded)}


def _parameters(loaded: Template) -> list[dict[str, Any]]:
    parameters = []
    for name, declaration in loaded.parameters.items():
        hidden = str(declaration.get("NoEcho", "")).lower() == "true"
        shown: dict[str, Any] = {"ParameterKey": name, "NoEcho": hidden}
        if "Default" in declaration:
            shown["DefaultValue"] = str(declaration["Default"])
        if declaration.get("Description"):
            shown["Description"] = declaration["Description"]
        parameters.append(shown)
    return parameters


def _about(loaded: Template) -> dict[str, Any]:
    """Return what both descriptions of a template say: its text and its capabilities."""
    about: dict[str, Any] = {"Capabilities": []}
    if loaded.description:
        about["Description"] = loaded.description
    needed, why = capability(loaded)
    if needed:
        about["Capabilities"] = [needed]
        about["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{why}]"
    return about
