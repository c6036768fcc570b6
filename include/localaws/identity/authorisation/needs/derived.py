"""Resources by the service authorization table: its ARN formats, filled in from the call.

An ARN in the parameters that matches one of the action's resource types is the resource. Otherwise
a type applies if the call has a value for each variable of its format (`endpoint/${EndpointName}`).
A call without a resource needs the action on `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from causeway.iam import services
from localaws.identity.authorisation.request import AuthorisationRequest, Need, Values, tag_keys
from localaws.kit.arns import is_arn, parse_arn

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_LOCATION = {"partition", "region", "account"}
# ARN prefixes of botocore services where they differ from the name.
PREFIX = {
    "sagemaker-featurestore-runtime": "sagemaker",
    "sagemaker-runtime": "sagemaker",
    "sagemaker-metrics": "sagemaker",
}


# Parameters that an ARN format calls otherwise, both in lower case.
SYNONYMS = {"trackingservername": "mlflowtrackingservername"}


def derived(
    request: AuthorisationRequest, action: str | None = None, context: Values | None = None
) -> list[Need]:
    """Return what a call needs by the table: the action on every resource that it names."""
    service = PREFIX.get(request.service, request.service)
    action = action or f"{service}:{request.operation}"
    facts = {**tags_of(request.params), **(context or {})}
    resources = list(dict.fromkeys(_resources(request, action)))
    return [Need(action, arn, facts) for arn in resources or ["*"]]


def tags_of(params: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """Return the request's tags as condition keys, for either spelling of the parameter."""
    for name in ("Tags", "tags"):
        if tags := params.get(name):
            key, value = ("key", "value") if name == "tags" else ("Key", "Value")
            return tag_keys(tags, key, value)
    removed = params.get("TagKeys")
    return {"aws:TagKeys": [str(key) for key in removed]} if removed else {}


def _resources(request: AuthorisationRequest, action: str) -> Iterator[str]:
    formats = _formats(action)
    values_by_name = {
        name.lower(): value for name, value in request.params.items() if _plain(value)
    }
    values_by_name |= {
        SYNONYMS[name]: value for name, value in values_by_name.items() if name in SYNONYMS
    }
    arns = [str(value) for value in values_by_name.values() if is_arn(value)]
    for arn in arns:
        resource = parse_arn(arn)
        foreign = resource.account not in ("", request.caller.account)
        same_service = resource.service == action.partition(":")[0]
        if any(pattern.fullmatch(arn) for _, pattern, _ in formats) or (foreign and same_service):
            yield arn
    for text, _, variables in formats:
        values = {name: values_by_name.get(name.lower()) for name in variables}
        if variables and all(values.values()) and not any(map(is_arn, values.values())):
            yield _filled(text, request, {name: str(value) for name, value in values.items()})


def _plain(value: Any) -> bool:
    return isinstance(value, str) and value != ""


@lru_cache(maxsize=1024)
def _formats(action: str) -> tuple[tuple[str, re.Pattern[str], tuple[str, ...]], ...]:
    """Return an action's ARN formats, their patterns and the variables besides the location."""
    formats = []
    for kind in services.resource_types(action):
        for text in kind.arn_formats:
            if not text.startswith("arn:"):
                continue
            parts = [".+" if i % 2 else re.escape(p) for i, p in enumerate(_VARIABLE.split(text))]
            names = [name for name in _VARIABLE.findall(text) if name.lower() not in _LOCATION]
            formats.append((text, re.compile("".join(parts)), tuple(names)))
    return tuple(formats)


def _filled(text: str, request: AuthorisationRequest, values: Mapping[str, str]) -> str:
    location = {"Partition": "aws", "Region": request.region, "Account": request.account}
    return _VARIABLE.sub(lambda match: {**location, **values}[match[1]], text)
