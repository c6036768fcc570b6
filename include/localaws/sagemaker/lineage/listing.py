"""What the lists of lineage entities and experiments share: time window, order and pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from localaws.kit.paging import SAGEMAKER
from localaws.sagemaker.lineage.store import Entity


def page_of(
    params: dict[str, Any], entities: Iterable[Entity], members: dict[str, str], into: str
) -> dict[str, Any]:
    """Return a page of summaries, the latest first unless the call says otherwise.

    `members` maps the names in a summary to the fields of the record.
    """
    chosen = [entity for entity in entities if created_in(params, entity.created)]
    by_name = params.get("SortBy") == "Name"
    chosen.sort(
        key=lambda entity: (entity.name if by_name else entity.created.isoformat(), entity.arn)
    )
    if params.get("SortOrder", "Descending") == "Descending":
        chosen.reverse()
    page, rest = SAGEMAKER.page(params, chosen)
    return {into: [_summary(entity, members) for entity in page], **rest}


def created_in(params: dict[str, Any], created: datetime) -> bool:
    """Tell whether a time passes `CreatedAfter` and `CreatedBefore`."""
    after, before = params.get("CreatedAfter"), params.get("CreatedBefore")
    return (after is None or created >= aware(after)) and (
        before is None or created <= aware(before)
    )


def aware(when: datetime) -> datetime:
    """Return a time of a request with time zone UTC."""
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _summary(entity: Entity, members: dict[str, str]) -> dict[str, Any]:
    record = entity.record
    return {shown: record[field] for shown, field in members.items() if record.get(field)}
