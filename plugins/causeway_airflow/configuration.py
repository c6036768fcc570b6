"""What the environment says: which topology, which use cases, how often to look.

Read on parse and again in each task; the files are cached until they change.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from causeway.topology.accounts import Topology, load_topology
from causeway.use_cases.files import load_use_cases, readable_use_cases, use_case
from causeway.use_cases.images import require_images
from causeway.use_cases.people import require_people
from causeway.use_cases.use_case import ModelSpec, UseCase


def topology() -> Topology:
    """Return the topology that `CAUSEWAY_TOPOLOGY` names, or the local one."""
    path = os.environ.get("CAUSEWAY_TOPOLOGY")
    return load_topology(Path(path) if path else None)


def use_cases() -> tuple[UseCase, ...]:
    """Return the use cases of the folder that `CAUSEWAY_USE_CASES` names, or the shipped ones.

    Raises `ConfigError` when one of them is wrong, or names people or images that the topology
    lacks.
    """
    return load_use_cases(_folder(), topology())


def use_cases_with_dags() -> tuple[UseCase, ...]:
    """Return the use cases that DAGs are made of: those without a mistake.

    A mistake in one leaves the DAGs of the others as they are. It is an import error of the DAGs
    that need all use cases (`use_cases`). Raises `ConfigError` when every one is wrong.
    """
    cases, faults = readable_use_cases(_folder(), topology())
    if not cases:
        raise faults[0]
    return cases


def case_and_model(use_case_id: str, model: str) -> tuple[UseCase, ModelSpec]:
    """Return a use case and one of its models. Raises `ConfigError` when there is no such thing."""
    case = case_of(use_case_id)
    return case, case.model(model)


def case_of(use_case_id: str) -> UseCase:
    """Return a use case. Raises `ConfigError` when there is none, or it is wrong."""
    case = use_case(use_case_id, _folder())
    require_people((case,), topology(), _folder())
    require_images((case,), topology(), _folder())
    return case


def inbox() -> Path | None:
    """Return the folder from which raw files may be taken by name: what `CAUSEWAY_INBOX` says.

    There is none on real accounts: their raw files come from S3 or from a published address.
    """
    folder = os.environ.get("CAUSEWAY_INBOX")
    return Path(folder) if folder and topology().local else None


def poll_interval() -> float:
    """Seconds between the first two looks of a waiting trigger.

    `CAUSEWAY_POLL_SECONDS`; by default 1 on the local AWS and 15 elsewhere, where calls are counted
    and throttled.
    """
    default = 1.0 if topology().local else 15.0
    return float(os.environ.get("CAUSEWAY_POLL_SECONDS", default))


def longest_poll_interval() -> float:
    """Seconds between two looks at what takes long: the interval grows to four times the first.

    On the local AWS it stays as it is.
    """
    return poll_interval() * (1 if topology().local else 4)


def patience() -> float:
    """Seconds that a task looks by itself before it lets the triggerer wait.

    `CAUSEWAY_PATIENCE_SECONDS`, default 0. A deferral costs two seconds or so: where jobs are as
    short, looking is cheaper, at the price of a worker's slot meanwhile.
    """
    return float(os.environ.get("CAUSEWAY_PATIENCE_SECONDS", "0"))


@dataclass(frozen=True)
class CodeVersion:
    """The commit that these DAGs are at, and the repository it is of; None where nobody knows."""

    commit: str | None
    repository: str | None


def code_version() -> CodeVersion:
    """Return what `CAUSEWAY_COMMIT` and `CAUSEWAY_REPOSITORY` say, else what git says here.

    A deployment without a git folder (an image, a synced bundle) sets the two.
    """
    here = str(Path(__file__).resolve().parent)
    return CodeVersion(
        os.environ.get("CAUSEWAY_COMMIT") or _git(here, "rev-parse", "HEAD"),
        os.environ.get("CAUSEWAY_REPOSITORY") or _git(here, "remote", "get-url", "origin"),
    )


@cache
def _git(folder: str, *arguments: str) -> str | None:
    import subprocess  # only tasks ask

    try:
        answer = subprocess.run(
            ["git", "-C", folder, *arguments],  # noqa: S607 - wherever it is installed
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None if answer.returncode == 0 else None


def _folder() -> Path | None:
    folder = os.environ.get("CAUSEWAY_USE_CASES")
    return Path(folder) if folder else None
