"""Where the rows of feature groups come from, as the summaries of their ingestions say."""

from __future__ import annotations

import json

from causeway.features.health import health_key
from causeway.features.origins import DataOrigin, GroupOrigin, data_origin, group_origin
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.hooks.governance import GovernanceHook
from causeway_airflow.tasks.acting import Hooks


def origin_of_group(hook: Hooks, group: str) -> GroupOrigin | None:
    """Return what a group's latest ingestion says of its rows; None: there was none."""
    table = hook(GovernanceHook, "governance", "recorder")
    item = table.get(health_key(group)) or {}
    return group_origin(json.loads(item.get("summary", "null")))


def origin_of_dataset(hook: Hooks, case: UseCase, model: ModelSpec) -> DataOrigin:
    """Return where the rows of a model's dataset come from, as far as its groups say."""
    groups = model.dataset.joined(case.feature_groups)
    return data_origin(origin_of_group(hook, joined.group) for joined in groups)
