"""The people whom use cases name: each is somebody in the topology, with the log-in they need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from causeway.errors import ConfigError
from causeway.topology.accounts import Topology
from causeway.topology.people import Decided
from causeway.use_cases.use_case import USE_CASES_DIR, ModelSpec, UseCase


def require_people(
    use_cases: Iterable[UseCase], topology: Topology, folder: Path | None = None
) -> None:
    """Refuse trainers and approvers who are nobody in the topology, or decide on other stages.

    Four eyes compare people. A name that no log-in belongs to is equal to nobody, so that whoever
    trained could decide under the name that they do have.

    Raises:
        ConfigError: naming file, key and person of each.
    """
    wrong = [
        f"{(folder or USE_CASES_DIR) / case.id}.yaml: models.{model.name}.{problem}"
        for case in use_cases
        for model in case.models
        for problem in _problems(model, topology)
    ]
    if wrong:
        raise ConfigError(
            "\n".join(wrong),
            next_step="Name others, or change `people` of the topology (the file that "
            "CAUSEWAY_TOPOLOGY names, else include/config/topology/local.yaml).",
        )


def _problems(model: ModelSpec, topology: Topology) -> Iterator[str]:
    named: tuple[tuple[str, Decided | None, tuple[str, ...]], ...] = (
        ("trainer", None, (model.trainer,)),
        ("approvers.test", "test", model.approvers.test),
        ("approvers.production", "production", model.approvers.production),
    )
    for key, stage, people in named:
        for name in people:
            person = topology.people.get(name)
            if person is None:
                yield (
                    f"{key}: {name!r} is not in `people` of topology {topology.name}; allowed: "
                    f"{_allowed(topology, stage, model.trainer)}"
                )
            elif (
                stage
                and stage not in person.decides
                and (person.principal or topology.airflow.door)
            ):
                yield (
                    f"{key}: {name} may not decide there: `decides` has no {stage}; allowed: "
                    f"{_allowed(topology, stage, model.trainer)}"
                )


def _allowed(topology: Topology, stage: Decided | None, trainer: str) -> str:
    """Return who may decide on a stage of what somebody trained; without a stage everybody."""
    names = sorted(
        name
        for name, person in topology.people.items()
        if stage is None or (stage in person.decides and name != trainer)
    )
    return ", ".join(names) or "nobody yet"
