"""Creation, update and deletion of a stack, each with its rollback.

They run in the background and always leave the stack in a final state. Source: CloudFormation User
Guide, "Stack status codes".
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace

from localaws.cloudformation.deployment import Deployment, ResourceError, reason_of
from localaws.cloudformation.errors import TemplateError
from localaws.cloudformation.resource import Instance
from localaws.cloudformation.stack import Request, StackResource
from localaws.cloudformation.template import ResourceDeclaration

log = logging.getLogger(__name__)


def create(deployment: Deployment) -> None:
    """Create every resource: CREATE_COMPLETE, or delete them all: ROLLBACK_COMPLETE."""
    stack, request = deployment.stack, deployment.stack.request
    try:
        created = [deployment.make(request, logical_id) for logical_id in request.order]
        for resource in created:
            deployment.verify(resource, "CREATE_FAILED")
        stack.outputs = deployment.outputs(request)
    except (ResourceError, TemplateError) as error:
        _undo_creation(deployment, _why(error, "create"))
        return
    except Exception as error:
        _undo_creation(deployment, reason_of(error))
        raise
    stack.turn("CREATE_COMPLETE")


def _undo_creation(deployment: Deployment, reason: str) -> None:
    stack, choice = deployment.stack, deployment.stack.request.on_failure
    if choice == "DO_NOTHING":
        stack.turn("CREATE_FAILED", reason)
        return
    begun, done, failed = (
        ("DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED")
        if choice == "DELETE"
        else ("ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
    )
    stack.turn(begun, reason)
    left = _remove(deployment, list(reversed(stack.resources.values())), rollback=True)
    if left:
        stack.turn(failed, f"{reason} {left}")
        return
    if choice == "DELETE":
        stack.deleted = stack.now()
    stack.turn(done, reason)


@dataclass(frozen=True)
class Before:
    """The state of a stack before an update, for its rollback."""

    request: Request
    instances: dict[str, Instance]
    declarations: dict[str, StackResource]


def has_changes(deployment: Deployment, request: Request) -> bool:
    """Return whether an update would change anything, without changing it.

    Raise TemplateError if the new template cannot be evaluated.
    """
    stack = deployment.stack
    if request.tags != stack.request.tags or changes(deployment, request):
        return True
    return deployment.outputs(request) != stack.outputs


def changes(deployment: Deployment, request: Request) -> dict[str, str]:
    """Return what an update would do with each resource that it changes: Add, Modify or Remove.

    A resource that refers to one that does not exist yet is a change, and so is an unsupported type
    or property. Raise TemplateError if the new template cannot be evaluated.
    """
    stack = deployment.stack
    added = [name for name in request.order if name not in stack.resources]
    actions = dict.fromkeys(added, "Add")
    for logical_id in request.order:
        if logical_id in actions:
            continue
        resource, declaration = stack.resources[logical_id], request.template.resources[logical_id]
        try:
            modified = _is_modified(deployment, request, resource, declaration)
        except TemplateError:
            if not added:
                raise
            modified = True
        if modified:
            actions[logical_id] = "Modify"
    gone = [name for name in stack.resources if name not in request.order]
    return actions | dict.fromkeys(gone, "Remove")


def _is_modified(
    deployment: Deployment,
    request: Request,
    resource: StackResource,
    declaration: ResourceDeclaration,
) -> bool:
    old = resource.declaration
    if (old.type, old.deletion_policy) != (declaration.type, declaration.deletion_policy):
        return True
    try:
        _, instance = deployment.declared(request, declaration)
    except TemplateError:
        raise
    except Exception:
        log.debug("%s is refused when the update runs", resource.logical_id, exc_info=True)
        return True
    deployment.know(request, resource)
    current = resource.instance
    return current is None or dict(instance.properties) != dict(current.properties)


def update(deployment: Deployment, request: Request) -> None:
    """Update the stack: UPDATE_COMPLETE, or roll back: UPDATE_ROLLBACK_COMPLETE."""
    stack = deployment.stack
    instances = {n: r.instance for n, r in stack.resources.items() if r.instance is not None}
    before = Before(stack.request, instances, dict(stack.resources))
    touched: list[StackResource] = []
    request.evaluation.existing.clear()
    for present in stack.resources.values():
        present.changing = frozenset()
    try:
        for logical_id in request.order:
            resource = stack.resources.get(logical_id)
            if resource is None:
                touched.append(deployment.make(request, logical_id))
            elif resource.declaration.type != request.template.resources[logical_id].type:
                reason = "Update of resource type is not permitted."
                stack.mark(resource, "UPDATE_FAILED", reason)
                raise ResourceError(resource, reason)
            elif deployment.change(request, resource):
                touched.append(resource)
        for resource in touched:
            deployment.verify(resource, "UPDATE_FAILED")
        outputs = deployment.outputs(request)
    except (ResourceError, TemplateError) as error:
        _undo_update(deployment, before, _why(error, "update"))
        return
    except Exception as error:
        _undo_update(deployment, before, reason_of(error))
        raise
    stack.request, stack.outputs = request, outputs
    stack.turn("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    gone = [
        stack.resources[name]
        for name in reversed(before.request.order)
        if name in stack.resources and name not in request.order
    ]
    # As on AWS, a resource that cannot be removed after an update leaves the stack anyway.
    _remove(deployment, gone)
    stack.resources = {name: stack.resources[name] for name in request.order}
    stack.turn("UPDATE_COMPLETE")


def _undo_update(deployment: Deployment, before: Before, reason: str) -> None:
    stack = deployment.stack
    stack.turn("UPDATE_ROLLBACK_IN_PROGRESS", reason)
    created = [r for name, r in stack.resources.items() if name not in before.declarations]
    left = [_remove(deployment, list(reversed(created)), rollback=True)]
    for name in before.request.order:
        left.append(_restore(deployment, stack.resources[name], before.instances.get(name)))
        stack.resources[name].declaration = before.request.template.resources[name]
    stack.resources = {name: before.declarations[name] for name in before.request.order}
    problems = " ".join(item for item in left if item)
    status = "UPDATE_ROLLBACK_FAILED" if problems else "UPDATE_ROLLBACK_COMPLETE"
    stack.turn(status, f"{reason} {problems}".strip())


def _restore(deployment: Deployment, resource: StackResource, old: Instance | None) -> str:
    """Apply a resource's old properties if an update may have changed them."""
    if old is None or resource.type is None or not resource.changing:
        return ""
    stack = deployment.stack
    stack.mark(resource, "UPDATE_IN_PROGRESS")
    try:
        undone = replace(old, before=resource.attempt)
        resource.type.apply(deployment.context, undone, resource.changing)
    except Exception as error:
        reason = reason_of(error)
        stack.mark(resource, "UPDATE_FAILED", reason)
        return f"{resource.logical_id}: {reason}"
    resource.instance = old
    stack.mark(resource, "UPDATE_COMPLETE")
    return ""


def delete(deployment: Deployment, retain: Collection[str] = ()) -> None:
    """Delete every resource in reverse order: DELETE_COMPLETE or DELETE_FAILED."""
    stack = deployment.stack
    try:
        for export in stack.exports():
            deployment.require_unused(export, "deleted")
    except TemplateError as error:
        stack.turn("DELETE_FAILED", str(error))
        return
    resources = [
        resource
        for name, resource in reversed(stack.resources.items())
        if name not in retain and resource.status != "DELETE_COMPLETE"
    ]
    left = _remove(deployment, resources)
    if left:
        stack.turn("DELETE_FAILED", left)
        return
    stack.deleted = stack.now()
    stack.turn("DELETE_COMPLETE")


def _remove(
    deployment: Deployment, resources: list[StackResource], *, rollback: bool = False
) -> str:
    """Remove resources, and return a message about those that could not be removed."""
    failed: list[str] = []
    for resource in resources:
        try:
            deployment.remove(resource, rollback=rollback)
        except ResourceError as error:
            failed.append(str(error))
    if not failed:
        return ""
    return f"The following resource(s) failed to delete: {'; '.join(failed)}."


def _why(error: ResourceError | TemplateError, verb: str) -> str:
    if isinstance(error, TemplateError):
        return str(error)
    name = error.resource.logical_id
    return f"The following resource(s) failed to {verb}: [{name}]. {error}"
