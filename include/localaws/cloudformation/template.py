"""Parses a CloudFormation template: YAML or JSON to plain values, functions in their long form.

Everything that the local CloudFormation does not support is refused here or when it is applied,
never ignored. Source: AWS CloudFormation User Guide, "Template sections" and "Intrinsic function
reference".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from localaws.cloudformation.errors import TemplateError

MAX_DEPTH = 100  # of nesting; the deepest templates have twenty levels
MAX_BYTES = 51_200  # of TemplateBody, API reference of CreateStack
SECTIONS = frozenset(
    {
        "AWSTemplateFormatVersion",
        "Conditions",
        "Description",
        "Mappings",
        "Metadata",
        "Outputs",
        "Parameters",
        "Resources",
    }
)
RESOURCE_KEYS = frozenset(
    {
        "Condition",
        "DeletionPolicy",
        "DependsOn",
        "Metadata",
        "Properties",
        "Type",
        "UpdateReplacePolicy",
    }
)
DELETION_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate")
CONDITION_FUNCTIONS = frozenset({"Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"})
VALUE_FUNCTIONS = frozenset(
    {
        "Fn::FindInMap",
        "Fn::GetAtt",
        "Fn::If",
        "Fn::ImportValue",
        "Fn::Join",
        "Fn::Select",
        "Fn::Split",
        "Fn::Sub",
    }
)
FUNCTIONS = CONDITION_FUNCTIONS | VALUE_FUNCTIONS
_TYPE_NAME = re.compile(r"(AWS|Alexa|Custom)::[A-Za-z0-9:@_-]+|[A-Za-z0-9]+(::[A-Za-z0-9]+){2,3}")
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True)
class ResourceDeclaration:
    """One entry of `Resources`, its functions not yet evaluated."""

    logical_id: str
    type: str
    properties: dict[str, Any]
    depends_on: tuple[str, ...] = ()
    condition: str | None = None
    deletion_policy: str = "Delete"


@dataclass(frozen=True)
class Template:
    """A well-formed template; the properties of resources are checked when they are created."""

    body: str
    resources: dict[str, ResourceDeclaration]
    description: str | None = None
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    mappings: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    conditions: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)


class _Loader(yaml.CSafeLoader):
    """YAML as CloudFormation parses it: short-form functions, dates as strings, unique keys."""


# The Version of a policy is a date in YAML 1.1 and a string in CloudFormation.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def _function(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if name not in FUNCTIONS | {"Ref", "Condition"}:
        raise TemplateError(unsupported_function(name))
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if name == "Fn::GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name: value}


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in mapping:
            line = key_node.start_mark.line + 1
            raise TemplateError(f"Template format error: duplicate key {key!r} (line {line})")
        mapping[key] = loader.construct_object(value_node, deep=True)
    return mapping


_Loader.add_multi_constructor("!", _function)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def unsupported_function(name: str) -> str:
    """Return CloudFormation's message for an unsupported function."""
    return (
        f"Template error: encountered unsupported function: {name} "
        f"Supported functions are: [{', '.join(sorted(FUNCTIONS))}]"
    )


def load(body: str) -> Template:
    """Parse a template; raise TemplateError naming what is malformed or not supported."""
    if len(body.encode()) > MAX_BYTES:
        raise TemplateError(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_BYTES}"
        )
    try:
        _check_events(body)
        # A safe loader with additional constructors.
        document = yaml.load(body, Loader=_Loader)  # noqa: S506
    # TypeError and ValueError: of a key or a number that is none
    except (yaml.YAMLError, TypeError, ValueError) as error:
        raise TemplateError(f"Template format error: YAML not well-formed. {error}") from error
    if not isinstance(document, dict):
        raise TemplateError("Template format error: unsupported structure.")
    for section in document:
        if section not in SECTIONS:
            raise TemplateError(
                f"Template format error: the local CloudFormation has no section {section!r}; "
                f"it has {', '.join(sorted(SECTIONS))}"
            )
    resources = _section(document, "Resources")
    if not resources:
        raise TemplateError("Template format error: At least one Resources member must be defined.")
    template = Template(
        body=body,
        description=document.get("Description"),
        parameters=_section(document, "Parameters"),
        mappings=_section(document, "Mappings"),
        conditions=_section(document, "Conditions"),
        resources={name: _resource(name, entry) for name, entry in resources.items()},
        outputs=_section(document, "Outputs"),
    )
    unknown = sorted(
        {item.type for item in template.resources.values() if not _TYPE_NAME.fullmatch(item.type)}
    )
    if unknown:
        raise TemplateError(
            f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
        )
    _check_conditions_exist(template)
    _check_functions([item.properties for item in template.resources.values()])
    _check_functions([template.conditions, template.outputs])
    return template


def _check_events(body: str) -> None:
    """Refuse aliases, before anything is built that they multiply, and endless nesting.

    Source: CloudFormation User Guide, "Template format": aliases and hash merges are not supported.
    Whether AWS refuses an anchor that no alias refers to, and from which depth on it refuses
    nesting, is not verified; both are refused here.
    """
    depth = 0
    for event in yaml.parse(body, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise TemplateError(
                "Template format error: YAML aliases are not allowed in CloudFormation templates"
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise TemplateError("Template format error: the template is nested too deeply")


def _section(document: dict[str, Any], name: str) -> dict[str, Any]:
    section = document.get(name)
    if section is None:
        return {}
    if not isinstance(section, dict):
        raise TemplateError(f"Template format error: [{name}] must be a map")
    return section


def _resource(logical_id: str, entry: Any) -> ResourceDeclaration:
    where = f"/Resources/{logical_id}"
    if not _LOGICAL_ID.fullmatch(str(logical_id)):
        raise TemplateError(
            f"Template format error: Resource name {logical_id} is non alphanumeric."
        )
    if not isinstance(entry, dict) or not isinstance(entry.get("Type"), str):
        raise TemplateError(
            f"Template format error: [{where}] Every Resources object must contain a Type member."
        )
    for key in entry:
        if key not in RESOURCE_KEYS:
            raise TemplateError(
                f"Invalid template resource property '{key}' of [{where}]; the local "
                f"CloudFormation has {', '.join(sorted(RESOURCE_KEYS))}"
            )
    properties = entry.get("Properties") or {}
    if not isinstance(properties, dict):
        raise TemplateError(f"Template format error: [{where}/Properties] must be a map")
    policy = entry.get("DeletionPolicy", "Delete")
    if policy not in DELETION_POLICIES:
        raise TemplateError(
            f"Template error: DeletionPolicy {policy!r} of [{where}] is none of "
            f"{', '.join(DELETION_POLICIES)}"
        )
    needed = entry.get("DependsOn", [])
    return ResourceDeclaration(
        logical_id=logical_id,
        type=entry["Type"],
        properties=properties,
        depends_on=(needed,) if isinstance(needed, str) else tuple(needed),
        condition=entry.get("Condition"),
        deletion_policy=policy,
    )


def _check_conditions_exist(template: Template) -> None:
    names = {item.condition for item in template.resources.values() if item.condition}
    names |= {item["Condition"] for item in template.outputs.values() if "Condition" in item}
    for name in sorted(names):
        if name not in template.conditions:
            raise TemplateError(
                "Template validation error: Template error: unresolved condition dependency "
                f"{name} in the template"
            )


def _check_functions(value: Any) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(key, str) and key.startswith("Fn::") and key not in FUNCTIONS:
                raise TemplateError(unsupported_function(key))
            _check_functions(item)
    elif isinstance(value, list):
        for item in value:
            _check_functions(item)
