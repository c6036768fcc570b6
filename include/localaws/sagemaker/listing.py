"""What the List operations of jobs, models and endpoints share: filters, order and pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from localaws.kit import paging

Item = dict[str, Any]


def listed(
    params: dict[str, Any],
    items: Iterable[Item],
    *,
    into: str,
    prefix: str,
    order: str = "Descending",
) -> dict[str, Any]:
    """Return one page of summaries that pass the filters of the call, in the requested order.

    `prefix` is that of the members of a summary (`TrainingJob` for `TrainingJobName` and
    `TrainingJobStatus`). Newest first unless the call says otherwise.
    """
    chosen = [item for item in items if _passes(params, item, prefix)]
    field = {"Name": f"{prefix}Name", "Status": f"{prefix}Status"}.get(
        params.get("SortBy", "CreationTime"), "CreationTime"
    )
    chosen.sort(
        key=lambda item: (item[field], item[f"{prefix}Name"]),
        reverse=params.get("SortOrder", order) == "Descending",
    )
    page, token = paging.SAGEMAKER.page(params, chosen)
    return {into: page, **token}


def _passes(params: dict[str, Any], item: Item, prefix: str) -> bool:
    if params.get("NameContains", "").lower() not in item[f"{prefix}Name"].lower():
        return False
    if "StatusEquals" in params and item[f"{prefix}Status"] != params["StatusEquals"]:
        return False
    for field in ("CreationTime", "LastModifiedTime"):
        after, before = params.get(f"{field}After"), params.get(f"{field}Before")
        when = item.get(field)
        if when and after and when <= _aware(after):
            return False
        if when and before and when >= _aware(before):
            return False
    return True


def _aware(when: datetime) -> datetime:
    return when if when.tzinfo else when.replace(tzinfo=UTC)
