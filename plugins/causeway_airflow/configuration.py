"""What the environment says: which topology, which use cases, how often to look.

Read on parse and again in each task; the files are cached until they change.
"""

from __future__ import annotations

import os
from pathlib import Path

from causeway.accounts import Topology, load_topology
from causeway.config import ModelSpec, UseCase, load_use_cases, use_case


def topology() -> Topology:
    """Return the topology that `CAUSEWAY_TOPOLOGY` names, or the local one."""
    path = os.environ.get("CAUSEWAY_TOPOLOGY")
    return load_topology(Path(path) if path else None)


def use_cases() -> tuple[UseCase, ...]:
    """Return the use cases of the folder that `CAUSEWAY_USE_CASES` names, or the shipped ones."""
    return load_use_cases(_folder())


def case_and_model(use_case_id: str, model: str) -> tuple[UseCase, ModelSpec]:
    """Return a use case and one of its models. Raises `ConfigError` when there is no such thing."""
    case = use_case(use_case_id, _folder())
    return case, case.model(model)


def case_of(use_case_id: str) -> UseCase:
    """Return a use case. Raises `ConfigError` when there is no such thing."""
    return use_case(use_case_id, _folder())


def poll_interval() -> float:
    """Seconds between two looks of a waiting trigger; `CAUSEWAY_POLL_SECONDS`, default 1."""
    return float(os.environ.get("CAUSEWAY_POLL_SECONDS", "1"))


def _folder() -> Path | None:
    folder = os.environ.get("CAUSEWAY_USE_CASES")
    return Path(folder) if folder else None
