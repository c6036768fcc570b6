"""Event selectors: which events a trail logs.

Source: CloudTrail API Reference, `PutEventSelectors`, `AdvancedFieldSelector` and `EventSelector`.
Unsupported selectors (other resource types, exclusions) are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from localaws.cloudtrail.data_events import RESOURCE_TYPES, S3_OBJECT, TABLE
from localaws.cloudtrail.event import Event
from localaws.kit.service import ServiceError

Selector = dict[str, Any]
DEFAULT: list[Selector] = [
    {
        "ReadWriteType": "All",
        "IncludeManagementEvents": True,
        "DataResources": [],
        "ExcludeManagementEventSources": [],
    }
]
MOST_BASIC = 5
BASIC_TYPES = (S3_OBJECT, TABLE)
FIELDS: dict[str, Callable[[Event], list[str]]] = {
    "eventCategory": lambda event: [event.category],
    "eventName": lambda event: [event.name],
    "eventSource": lambda event: [event.source],
    "readOnly": lambda event: ["true" if event.read_only else "false"],
    "resources.type": lambda event: [event.data.resource_type] if event.data else [],
    "resources.ARN": lambda event: list(event.data.arns) if event.data else [],
    "userIdentity.arn": lambda event: [event.caller.arn],
}
ONLY_EQUALS = ("eventCategory", "readOnly", "resources.type")
OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "Equals": str.__eq__,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}


def check_basic(selectors: Sequence[Selector]) -> None:
    """Raise InvalidEventSelectorsException for unsupported basic selectors."""
    if len(selectors) > MOST_BASIC:
        raise invalid(f"a trail has {MOST_BASIC} event selectors at most")
    for selector in selectors:
        if selector.get("ExcludeManagementEventSources"):
            raise invalid("ExcludeManagementEventSources is not supported by the local AWS")
        for resource in selector.get("DataResources") or []:
            if resource.get("Type") not in BASIC_TYPES:
                raise invalid(
                    f"DataResources of type {resource.get('Type')!r}: basic event selectors have "
                    f"{', '.join(BASIC_TYPES)} here; others need advanced event selectors"
                )


def check_advanced(selectors: Sequence[Selector]) -> None:
    """Raise InvalidEventSelectorsException for unsupported advanced selectors."""
    for selector in selectors:
        fields = {field["Field"]: field for field in selector["FieldSelectors"]}
        if len(fields) != len(selector["FieldSelectors"]):
            raise invalid("a field is selected twice")
        if unknown := sorted(set(fields) - set(FIELDS)):
            raise invalid(f"the field {unknown[0]} is not supported; {', '.join(FIELDS)} are")
        for name, conditions in fields.items():
            operators = set(conditions) - {"Field"}
            if not operators or (name in ONLY_EQUALS and operators != {"Equals"}):
                raise invalid(f"the field {name} needs {'Equals' if operators else 'an operator'}")
        category = fields.get("eventCategory", {}).get("Equals")
        if category not in (["Management"], ["Data"]):
            raise invalid("each selector needs eventCategory Equals Management or Data")
        kinds = fields.get("resources.type", {}).get("Equals", [])
        if category == ["Data"] and len(kinds) != 1:
            raise invalid("a selector of data events needs one resources.type")
        if others := [kind for kind in kinds if kind not in RESOURCE_TYPES]:
            raise invalid(
                f"the local AWS has no data events of {others[0]}; {', '.join(RESOURCE_TYPES)}"
            )


def invalid(message: str) -> ServiceError:
    """Return the error for unsupported selectors."""
    return ServiceError("InvalidEventSelectorsException", f"The event selectors: {message}.")


def selected_types(basic: Sequence[Selector], advanced: Sequence[Selector]) -> set[str]:
    """Return the resource types whose data events the selectors select."""
    types = {r["Type"] for selector in basic for r in selector.get("DataResources") or []}
    for selector in advanced:
        for field in selector["FieldSelectors"]:
            if field["Field"] == "resources.type":
                types.update(field["Equals"])
    return types


def match(basic: Sequence[Selector], advanced: Sequence[Selector], event: Event) -> bool:
    """Tell whether a trail with these selectors logs an event."""
    if advanced:
        return any(_advanced(selector, event) for selector in advanced)
    return any(_basic(selector, event) for selector in basic)


def _advanced(selector: Selector, event: Event) -> bool:
    return all(_field(field, event) for field in selector["FieldSelectors"])


def _field(selector: Selector, event: Event) -> bool:
    values = FIELDS[selector["Field"]](event)
    for operator, holds in OPERATORS.items():
        accepted, rejected = selector.get(operator), selector.get(f"Not{operator}")
        if accepted and not any(holds(value, operand) for value in values for operand in accepted):
            return False
        if rejected and any(holds(value, operand) for value in values for operand in rejected):
            return False
    return True


def _basic(selector: Selector, event: Event) -> bool:
    kind = selector.get("ReadWriteType", "All")
    if kind != "All" and (kind == "ReadOnly") != event.read_only:
        return False
    data = event.data
    if data is None:
        return bool(selector.get("IncludeManagementEvents", True))
    # A value is a prefix of ARNs (API Reference, `DataResource`).
    return any(
        resource["Type"] == data.resource_type and arn.startswith(value)
        for resource in selector.get("DataResources") or []
        for value in resource.get("Values") or []
        for arn in data.arns
    )
