"""The feature groups of every use case, created from their contracts; only these are shared."""

from __future__ import annotations

from causeway_airflow.configuration import use_cases
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.feature_groups import describe_features, ensure, request_of


def define_feature_groups(hook: Hooks, *, only_plan: bool) -> list[str]:
    """Create what is missing, add what a contract gained, and describe each feature.

    Returns the groups that were created; with `only_plan` those that would be, and changes nothing.
    """
    store = hook(FeatureGroupsHook)
    missing: list[str] = []
    for case in use_cases():
        for group in case.feature_groups:
            if only_plan:
                created = store.find(group.name) is None
            else:
                created = ensure(store, request_of(group, case)).created
                describe_features(store, group, case)
            if created:
                missing.append(group.name)
    return missing
