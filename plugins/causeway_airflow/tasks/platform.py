"""What the use cases need in the accounts: model package groups and MLflow experiments."""

from __future__ import annotations

import logging

from causeway_airflow.configuration import use_cases
from causeway_airflow.hooks.registry import RegistryHook
from causeway_airflow.hooks.tracking import TrackingHook
from causeway_airflow.tasks.acting import Hooks

log = logging.getLogger(__name__)


def ensure_model_groups(hook: Hooks) -> list[str]:
    """Create the model package group of every model that has none; return those made now."""
    registry = hook(RegistryHook)
    new_groups = [
        model.group
        for case in use_cases()
        for model in case.models
        if registry.ensure_group(
            model.group,
            model.description,
            {"causeway:use-case": case.id, "causeway:model": model.name},
        )
    ]
    log.info("model groups made: %s", new_groups or "none")
    return new_groups


def ensure_experiments(hook: Hooks) -> dict[str, str]:
    """Create the MLflow experiment of every use case that has none; return ids by use case."""
    tracking = hook(TrackingHook)
    return {
        case.id: tracking.experiment(case.id).ensure({"causeway.use-case": case.id})
        for case in use_cases()
    }
