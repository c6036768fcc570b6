"""Writes docs/features.md: every feature of every use case, as the contracts declare it."""

from __future__ import annotations

from collections.abc import Iterator

from causeway.features.groups import group_tags
from causeway.use_cases.contracts import Derive, Feature, FeatureGroup
from causeway.use_cases.files import load_use_cases
from causeway.use_cases.raw_sources import RawSource
from causeway.use_cases.use_case import UseCase

HEAD = """# Features

What the contracts in `include/config/use_cases/` declare; [ingestion](ingestion.md) checks every
row against it. A feature may not be empty unless it says so.
"""
COLUMNS = ("name", "type", "unit", "description", "allowed", "may be empty", "from", "tags")


def render() -> str:
    """Return the page."""
    parts = [HEAD]
    for case in load_use_cases():
        raw = "\n\n".join(map(_data, case.raw_sources))
        parts.append(f"## {case.name} (`{case.id}`)\n\n{raw}\n")
        parts += [_group(group, case) for group in case.feature_groups]
    return "\n".join(parts)


def _data(source: RawSource) -> str:
    data = source.data
    identifier, time = data.record_id, data.event_time
    id_ = (
        f"the column `{identifier.column}`"
        if identifier.column
        else (f"the line number, as `{identifier.format}`")
    )
    when = f"the column `{time.column}`" if time.column else f"always {time.fixed}"
    if time.as_of:
        when = f"the as-of date of the delivery, {time.as_of} where it declares none"
    place = f" Published at <{data.published.address}>." if data.published else ""
    name = f" `{source.name}`" if source.name else ""
    return f"Raw data{name}: {data.description}. Record id: {id_}. Event time: {when}.{place}"


def _group(group: FeatureGroup, case: UseCase) -> str:
    facts = [
        *((("raw source", f"`{group.raw_source}`"),) if group.raw_source else ()),
        ("owner", group.owner or case.owner),
        ("record id, event time", f"`{group.record_identifier}`, `{group.event_time}`"),
        ("online store", _online(group)),
        ("offline store", _offline(group, case)),
        (
            "counts as stale",
            f"{group.fresh_hours:g} hours after an ingestion" if group.fresh_hours else "never",
        ),
        ("tags", ", ".join(f"{tag['Key']}={tag['Value']}" for tag in group_tags(group, case))),
    ]
    lines = [f"### {group.name}", "", f"{group.description}.", ""]
    lines += [f"- {name}: {value}" for name, value in facts]
    lines += ["", _row(COLUMNS), _row("---" for _ in COLUMNS)]
    lines += [_row(_cells(feature)) for feature in group.features]
    return "\n".join([*lines, ""])


def _online(group: FeatureGroup) -> str:
    store = group.online
    if not store.enabled:
        return "none"
    kept = f"kept {store.ttl.value} {store.ttl.unit.lower()}" if store.ttl else "kept for good"
    return f"{store.storage}, {kept}, {_key(store.key)}"


def _offline(group: FeatureGroup, case: UseCase) -> str:
    store = group.offline
    if not store.enabled:
        return "none"
    table = (
        f"`{store.database}.{store.table}`"
        if store.table
        else f"named by AWS in `{store.database}`"
    )
    return f"{store.format} table {table}, below `{store.prefix or case.id}`, {_key(store.key)}"


def _key(key: str | None) -> str:
    return {None: "a key of AWS", "account": "the account's key"}.get(key, f"key `{key}`")


def _cells(feature: Feature) -> Iterator[str]:
    yield f"`{feature.name}`"
    yield feature.type
    yield feature.unit
    yield feature.description
    yield _allowed(feature)
    yield "yes" if feature.nullable else "no"
    yield f"`{feature.source}`" if feature.source else _derived(feature.derive)
    yield ", ".join(feature.tags)


def _allowed(feature: Feature) -> str:
    if feature.codes is not None:
        return "; ".join(f"{code}: {meaning}" for code, meaning in feature.codes.items())
    if feature.range is None:
        return ""
    low, high = feature.range.min, feature.range.max
    if high is None:
        return f"{low:.10g} or more"
    return f"{high:.10g} or less" if low is None else f"{low:.10g} to {high:.10g}"


def _derived(derive: Derive | None) -> str:
    return f"{derive.op} of {', '.join(f'`{name}`' for name in derive.of)}" if derive else ""


def _row(cells: Iterator[str] | tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
