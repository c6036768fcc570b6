"""Creates, changes and removes the resources of a stack, and verifies the result.

A deployment ends by reading every changed resource back from its service. A difference from the
template fails the stack, which rolls back: a successful call alone does not complete a resource.
"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.cloudformation.errors import DeployError, TemplateError
from localaws.cloudformation.properties import canonical, differing
from localaws.cloudformation.resource import REGISTER, Context, Instance, ResourceType
from localaws.cloudformation.stack import Request, Stack, StackResource, Stacks
from localaws.cloudformation.template import ResourceDeclaration

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Placed:
    """An existing resource, for the functions of the template that refer to it."""

    context: Context
    type: ResourceType
    instance: Instance

    def ref(self) -> str:
        """Return what `Ref` gives."""
        return self.type.ref(self.instance)

    def attribute(self, name: str) -> Any:
        """Return what `Fn::GetAtt` gives."""
        return self.type.attribute(self.context, self.instance, name)


class ResourceError(Exception):
    """A resource could not be brought to the state of the template."""

    def __init__(self, resource: StackResource, reason: str) -> None:
        super().__init__(f"{resource.logical_id} ({resource.declaration.type}): {reason}")
        self.resource = resource
        self.reason = reason


class Deployment:
    """The resources of one stack, changed with one caller's credentials."""

    def __init__(self, stack: Stack, stacks: Stacks, context: Context) -> None:
        self.stack = stack
        self.stacks = stacks
        self.context = context

    # ------------------------------------------------------------ one resource
    def declared(
        self, request: Request, declaration: ResourceDeclaration
    ) -> tuple[ResourceType, Instance]:
        """Return a declaration's type and properties; raise DeployError or TemplateError."""
        kind = REGISTER.get(declaration.type)
        values = canonical(kind.properties, request.evaluation.value(declaration.properties))
        if "Tags" in kind.properties:
            values["Tags"] = {**request.tags, **values["Tags"]}
        return kind, Instance(declaration.logical_id, values)

    def know(self, request: Request, resource: StackResource) -> None:
        """Make a resource available to the functions of the template."""
        if resource.type and resource.instance:
            placed = Placed(self.context, resource.type, resource.instance)
            request.evaluation.existing[resource.logical_id] = placed

    def make(self, request: Request, logical_id: str) -> StackResource:
        """Create one resource; raise ResourceError. It belongs to the stack from the beginning."""
        declaration = request.template.resources[logical_id]
        resource = StackResource(declaration, "", self.stack.now())
        self.stack.resources = {**self.stack.resources, logical_id: resource}
        self.stack.mark(resource, "CREATE_IN_PROGRESS")
        try:
            kind, declared = self.declared(request, declaration)
            resource.type, resource.instance = kind, declared
            resource.physical_id = kind.create(self.context, declared)
            created = Instance(logical_id, declared.properties, resource.physical_id)
            resource.instance = created
            self.stack.mark(
                resource, "CREATE_IN_PROGRESS", "Resource creation Initiated", _shown(created)
            )
            changed = {
                name
                for name, item in kind.properties.items()
                if name not in kind.made_with and created[name] != item.default
            }
            if changed:
                kind.apply(self.context, created, changed)
        except Exception as error:
            reason = reason_of(error)
            self.stack.mark(resource, "CREATE_FAILED", reason)
            raise ResourceError(resource, reason) from error
        self.stack.mark(resource, "CREATE_COMPLETE", properties=_shown(created))
        self.know(request, resource)
        return resource

    def change(self, request: Request, resource: StackResource) -> bool:
        """Bring an existing resource to a new declaration; raise ResourceError.

        Return whether anything changed. A change that needs a replacement is refused.
        """
        declaration = request.template.resources[resource.logical_id]
        try:
            kind, declared = self.declared(request, declaration)
            current = _instance(resource)
            changed = {n for n in kind.properties if declared[n] != current[n]}
            fixed = sorted(n for n in changed if kind.properties[n].replaces)
            if fixed:
                raise DeployError(
                    f"changing {', '.join(fixed)} needs a replacement of the resource, which "
                    "the local CloudFormation does not do; delete the resource and add it again"
                )
            if changed:
                self.stack.mark(resource, "UPDATE_IN_PROGRESS", properties=_shown(declared))
                identity = (declared.logical_id, declared.properties, resource.physical_id)
                resource.changing, resource.attempt = frozenset(changed), declared.properties
                kind.apply(self.context, Instance(*identity, before=current.properties), changed)
                resource.instance = Instance(*identity)
        except Exception as error:
            reason = reason_of(error)
            self.stack.mark(resource, "UPDATE_FAILED", reason)
            raise ResourceError(resource, reason) from error
        resource.declaration = declaration
        if changed:
            self.stack.mark(resource, "UPDATE_COMPLETE", properties=_shown(_instance(resource)))
        self.know(request, resource)
        return bool(changed)

    def verify(self, resource: StackResource, failed_status: str) -> None:
        """Compare the state of the resource with the template; raise ResourceError naming both."""
        try:
            self._compare(resource)
        except Exception as error:
            reason = reason_of(error)
            self.stack.mark(resource, failed_status, reason)
            raise ResourceError(resource, reason) from error

    def _compare(self, resource: StackResource) -> None:
        instance = _instance(resource)
        if resource.type is None:
            return
        observed = dict(resource.type.observe(self.context, instance))
        actual = canonical(
            {n: p for n, p in resource.type.properties.items() if n in observed}, observed
        )
        actual = {n: actual.get(n, p.default) for n, p in resource.type.properties.items()}
        for name in differing(instance.properties, actual):
            raise DeployError(
                f"after the deploy, property {name} differs: the service holds "
                f"{_short(actual[name])}, the template says {_short(instance[name])}"
            )

    def remove(self, resource: StackResource, *, rollback: bool = False) -> None:
        """Delete one resource unless its deletion policy keeps it; raise ResourceError."""
        policy = resource.declaration.deletion_policy
        if policy == "Retain" or (policy == "RetainExceptOnCreate" and not rollback):
            self.stack.mark(resource, "DELETE_SKIPPED")
            return
        self.stack.mark(resource, "DELETE_IN_PROGRESS")
        try:
            if resource.type and resource.physical_id:
                resource.type.delete(self.context, _instance(resource))
        except Exception as error:
            reason = reason_of(error)
            self.stack.mark(resource, "DELETE_FAILED", reason)
            raise ResourceError(resource, reason) from error
        self.stack.mark(resource, "DELETE_COMPLETE")

    # ------------------------------------------------------------ outputs
    def outputs(self, request: Request) -> list[dict[str, str]]:
        """Return the evaluated outputs; raise TemplateError, also for an existing export."""
        taken = self.stacks.exported(besides=self.stack)
        before = self.stack.exports()
        outputs: list[dict[str, str]] = []
        for name, declaration in request.template.outputs.items():
            if not request.evaluation.exists(declaration.get("Condition")):
                continue
            value = request.evaluation.value(declaration.get("Value"))
            if value is None or isinstance(value, dict | list):
                raise TemplateError(f"Template format error: Output {name} must be a string")
            shown = {"OutputKey": name, "OutputValue": str(value)}
            if declaration.get("Description"):
                shown["Description"] = declaration["Description"]
            if declaration.get("Export"):
                export = str(request.evaluation.value(declaration["Export"]["Name"]))
                if export in taken:
                    raise TemplateError(
                        f"Export with name {export} is already exported by stack {taken[export]}"
                    )
                shown["ExportName"] = export
            outputs.append(shown)
        after = {o["ExportName"]: o["OutputValue"] for o in outputs if "ExportName" in o}
        for export, value in before.items():
            if after.get(export) != value:
                self.require_unused(export, "updated" if export in after else "deleted")
        return outputs

    def require_unused(self, export: str, change: str) -> None:
        """Raise TemplateError if a stack imports an export that is to be changed."""
        if users := self.stacks.importers(export):
            raise TemplateError(
                f"Export {export} cannot be {change} as it is in use by {', '.join(users)}"
            )


def reason_of(error: Exception) -> str:
    """Return why a resource failed: the service's message if a service refused a call."""
    if isinstance(error, ClientError):
        response = error.response["Error"]
        return f"{response.get('Message', '')} ({error.operation_name}: {response.get('Code', '')})"
    if not isinstance(error, DeployError | TemplateError | BotoCoreError):
        log.exception("a resource handler failed")
        return f"the local CloudFormation failed: {type(error).__name__}: {error}"
    return str(error)


def _instance(resource: StackResource) -> Instance:
    if resource.instance is None:
        raise DeployError(f"{resource.logical_id} was never made")
    return resource.instance


def _shown(instance: Instance) -> str:
    return json.dumps(dict(instance.properties), default=str, sort_keys=True)


def _short(value: Any) -> str:
    text = json.dumps(value, default=str, sort_keys=True)
    return text if len(text) <= 300 else f"{text[:300]}…"
