"""The content of a model card: generated from known facts, merged with what people wrote.

Facts (SageMaker developer guide): `UpdateModelCard` takes the complete content, and what is left
out is gone. So a new content always starts from the card as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final

from causeway.model_cards.fields import FIELDS, HELD_OUT, CardField, Facts, Source
from causeway.versions.stages import StageRecord

Content = dict[str, Any]

#: The evaluation that the test of a live endpoint adds.
LIVE_TEST: Final = "live endpoint in test"
#: Evaluations of one version; they are removed when the card describes another.
OF_A_VERSION: Final = frozenset({HELD_OUT, LIVE_TEST})


def package_content(facts: Facts) -> Content:
    """Return the card inside a package: reduced schema, from use case and candidate."""
    return _content_of(facts, lambda field: field.in_package)


def card_content(facts: Facts, package: Mapping[str, Any] | None = None) -> Content:
    """Return what Causeway has to say on the standalone card.

    `package` is the content of the card inside the version's package: what the candidate was is
    known from there, for a version that was registered from outside as well.
    """
    content = _content_of(facts, lambda field: field.source is not Source.CANDIDATE)
    for field in FIELDS:
        if field.source is Source.CANDIDATE:
            _set(content, field.keys, copy.deepcopy(_get(package or {}, field.keys)))
    return content


def merged(existing: Mapping[str, Any], generated: Mapping[str, Any]) -> Content:
    """Return the complete content: people's fields as on the card, ours as generated.

    Evaluations of other names stay; those of a version are removed when the card describes another
    one.
    """
    result: Content = copy.deepcopy(dict(existing))
    same = described_version(existing) == described_version(generated)
    for field in FIELDS:
        if field.path == "evaluation_details":
            ours = _get(generated, field.keys) or []
            replaced = {entry["name"] for entry in ours} if same else OF_A_VERSION
            others = [e for e in result.get(field.path, []) if e.get("name") not in replaced]
            _set(result, field.keys, [*ours, *others])
        else:
            _set(result, field.keys, copy.deepcopy(_get(generated, field.keys)))
    return result


def described_version(content: Mapping[str, Any]) -> str | None:
    """Return the ARN of the version that a card describes, None while it describes none."""
    value = _get(content, ("model_package_details", "model_package_arn"))
    return str(value) if value else None


def with_evaluation(content: Mapping[str, Any], entry: Mapping[str, Any]) -> Content:
    """Return the content with an evaluation added, or the one of its name replaced."""
    result: Content = copy.deepcopy(dict(content))
    others = [e for e in result.get("evaluation_details", []) if e.get("name") != entry["name"]]
    result["evaluation_details"] = [*others, dict(entry)]
    return result


def live_test(metrics: Mapping[str, float], endpoint: str, account: str) -> Content:
    """Return the evaluation that the test of a live endpoint adds to the card."""
    data = [{"name": n, "type": "number", "value": v} for n, v in sorted(metrics.items())]
    return {
        "name": LIVE_TEST,
        "evaluation_observation": f"endpoint {endpoint} in account {account} answered the "
        "held-out rows",
        "metric_groups": [{"name": "quality", "metric_data": data}],
    }


def live_test_of(record: StageRecord) -> Content | None:
    """Return the evaluation in a version's test record; None before it was tested."""
    metrics = dict(record.validation_metrics)
    endpoint, account = metrics.pop("endpoint", None), metrics.pop("account", None)
    if endpoint is None or not metrics:
        return None
    return live_test({n: float(v) for n, v in metrics.items()}, str(endpoint), str(account))


def _content_of(facts: Facts, selects: Callable[[CardField], bool]) -> Content:
    content: Content = {}
    for field in filter(selects, FIELDS):
        _set(content, field.keys, field.value(facts))
    return content


def _get(content: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    here: Any = content
    for key in keys:
        if not isinstance(here, Mapping) or key not in here:
            return None
        here = here[key]
    return here


def _set(content: Content, keys: tuple[str, ...], value: Any) -> None:
    """Set a field, or remove it (and what becomes empty) when it has no value."""
    *way, last = keys
    if value in (None, "", [], {}):
        here: Any = _get(content, tuple(way)) if way else content
        if isinstance(here, dict) and here.pop(last, None) is not None and not here and way:
            _set(content, tuple(way), None)
        return
    at = content
    for key in way:
        at = at.setdefault(key, {})
    at[last] = value
