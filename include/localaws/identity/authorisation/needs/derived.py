"""Resources read from the service authorization table: its ARN formats filled from the call.

An ARN in the parameters that is of one of the action's types is that resource; otherwise a type
counts when the call names every part of its format (`endpoint/${EndpointName}`). What names none
needs the action on `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from causeway.iam import services
from localaws.identity.authorisation.asked import Asked, Need, Values, tag_keys
from localaws.kit.arns import is_arn, parse_arn

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_PLACE = {"partition", "region", "account"}
# ARN prefix of each botocore service whose name is another.
PREFIX = {
    "sagemaker-featurestore-runtime": "sagemaker",
    "sagemaker-runtime": "sagemaker",
    "sagemaker-metrics": "sagemaker",
}


def derived(asked: Asked, action: str | None = None, context: Values | None = None) -> list[Need]:
    """Return what a call needs by the table: its action on every resource that it names."""
    service = PREFIX.get(asked.service, asked.service)
    action = action or f"{service}:{asked.operation}"
    facts = {**tags_of(asked.params), **(context or {})}
    found = list(dict.fromkeys(_resources(asked, action)))
    return [Need(action, arn, facts) for arn in found or ["*"]]


def tags_of(params: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Return the request's tags as condition keys, however the service spells them."""
    for name in ("Tags", "tags"):
        if tags := params.get(name):
            key, value = ("key", "value") if name == "tags" else ("Key", "Value")
            return tag_keys(tags, key, value)
    removed = params.get("TagKeys")
    return {"aws:TagKeys": [str(key) for key in removed]} if removed else {}


def _resources(asked: Asked, action: str) -> Iterator[str]:
    formats = _formats(action)
    given = {name.lower(): value for name, value in asked.params.items() if _plain(value)}
    arns = [str(value) for value in given.values() if is_arn(value)]
    for arn in arns:
        place = parse_arn(arn)
        foreign = place.account not in ("", asked.caller.account)
        same_service = place.service == action.partition(":")[0]
        if any(pattern.fullmatch(arn) for _, pattern, _ in formats) or (foreign and same_service):
            yield arn
    for text, _, variables in formats:
        values = {name: given.get(name.lower()) for name in variables}
        if variables and all(values.values()) and not any(map(is_arn, values.values())):
            yield _filled(text, asked, {name: str(value) for name, value in values.items()})


def _plain(value: Any) -> bool:
    return isinstance(value, str) and value != ""


@lru_cache(maxsize=1024)
def _formats(action: str) -> tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...]:
    """Return an action's ARN formats with their patterns and what they name besides the place."""
    found = []
    for kind in services.resource_types(action):
        for text in kind.arn_formats:
            if not text.startswith("arn:"):
                continue
            parts = [".+" if i % 2 else re.escape(p) for i, p in enumerate(_VARIABLE.split(text))]
            names = [name for name in _VARIABLE.findall(text) if name.lower() not in _PLACE]
            found.append((text, re.compile("".join(parts)), tuple(names)))
    return tuple(found)


def _filled(text: str, asked: Asked, values: Mapping[str, str]) -> str:
    place = {"Partition": "aws", "Region": asked.region, "Account": asked.account}
    return _VARIABLE.sub(lambda match: {**place, **values}[match[1]], text)
