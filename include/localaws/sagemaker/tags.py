"""Tags of SageMaker resources, of whatever kind, by ARN: AddTags, ListTags, DeleteTags.

A resource's module calls `put` when it creates the resource (with or without tags) and `forget`
when it deletes it, so that AddTags knows which resources exist.
"""

from __future__ import annotations

import threading
from typing import Any

from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service, ServiceError

sagemaker = Service.named("sagemaker")
Tag = dict[str, str]
LIMIT = 50


class TagStore:
    """The tags of one account's SageMaker resources in a region."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tags: dict[str, dict[str, str]] = {}

    def put(self, arn: str, tags: list[Tag] | None) -> None:
        """Register a resource, add tags or replace their values; at most 50."""
        with self._lock:
            merged = self._tags.get(arn, {}) | {tag["Key"]: tag["Value"] for tag in tags or []}
            if len(merged) > LIMIT:
                raise ServiceError(
                    "ValidationException", f"{arn} would have more than {LIMIT} tags"
                )
            self._tags[arn] = merged

    def of(self, arn: str) -> dict[str, str]:
        """Return the tags of a resource as a map, an empty one for an unknown resource."""
        with self._lock:
            return dict(self._tags.get(arn, {}))

    def listed(self, arn: str) -> list[Tag]:
        """Return the tags of a resource as SageMaker lists them, by key."""
        return [{"Key": key, "Value": value} for key, value in sorted(self.of(arn).items())]

    def remove(self, arn: str, keys: list[str]) -> None:
        """Remove tags from a resource; unknown keys are ignored."""
        with self._lock:
            for key in keys:
                self._tags.get(arn, {}).pop(key, None)

    def forget(self, arn: str) -> None:
        """Remove a deleted resource."""
        with self._lock:
            self._tags.pop(arn, None)

    def require(self, arn: str) -> str:
        """Return `arn`; ValidationException if there is no such resource."""
        with self._lock:
            if arn not in self._tags:
                raise ServiceError("ValidationException", f"Could not find resource {arn}.")
        return arn


@sagemaker.operation("AddTags", resource="ResourceArn")
def add_tags(call: Call) -> dict[str, Any]:
    """Add tags to a resource and return all its tags."""
    store = call.store(TagStore)
    arn = store.require(call.params["ResourceArn"])
    store.put(arn, call.params["Tags"])
    return {"Tags": store.listed(arn)}


@sagemaker.operation("ListTags", resource="ResourceArn")
def list_tags(call: Call) -> dict[str, Any]:
    """Return a page of a resource's tags."""
    store = call.store(TagStore)
    tags = store.listed(store.require(call.params["ResourceArn"]))
    page, rest = SAGEMAKER.page(call.params, tags, default=LIMIT)
    return {"Tags": page, **rest}


@sagemaker.operation("DeleteTags", resource="ResourceArn")
def delete_tags(call: Call) -> dict[str, Any]:
    """Remove tags from a resource."""
    store = call.store(TagStore)
    store.remove(store.require(call.params["ResourceArn"]), call.params["TagKeys"])
    return {}
