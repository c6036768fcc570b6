"""The files of use cases: one by its id, or all of a folder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from causeway.documents import load
from causeway.errors import ConfigError
from causeway.topology.accounts import Topology
from causeway.use_cases.images import require_images
from causeway.use_cases.people import require_people
from causeway.use_cases.use_case import USE_CASES_DIR, ModelSpec, UseCase


def load_use_case(path: Path) -> UseCase:
    """Read one use-case file.

    Raises:
        ConfigError: naming file, key, what was wrong and the allowed values.
    """
    return load(path, UseCase)


def use_case(use_case_id: str, folder: Path | None = None) -> UseCase:
    """Read the use case of that id from `include/config/use_cases`.

    Raises:
        ConfigError: no such file, or it breaks the schema, or its id is another.
    """
    path = (folder or USE_CASES_DIR) / f"{use_case_id}.yaml"
    case = load_use_case(path)
    if case.id != use_case_id:
        raise ConfigError(
            f"{path}: id: {case.id!r} does not match the file's name",
            next_step=f"Allowed: {use_case_id}.",
        )
    return _with_others(case, path)


def _with_others(case: UseCase, path: Path) -> UseCase:
    """Read the use cases whose feature groups the models name."""
    ids = {joined.use_case for model in case.models for joined in model.dataset.of_others}
    if not ids:
        return case
    beside = [file for file in path.parent.glob("*.yaml") if file.stem != case.id]
    try:
        return case.with_groups_of({f.stem: load_use_case(f) for f in beside if f.stem in ids})
    except ValueError as error:
        raise ConfigError(
            f"{path}: {error}", next_step="Correct the keys named above; nothing was changed."
        ) from error


def use_case_among(
    use_case_id: str, folder: Path | None = None, topology: Topology | None = None
) -> tuple[UseCase, tuple[ConfigError, ...]]:
    """Return a use case, and what is wrong with others beside it.

    Raises:
        ConfigError: it breaks its rules, shares a name with another, or names people or images that
            the topology lacks.
    """
    case = use_case(use_case_id, folder)
    _, faults = readable_use_cases(folder, topology)
    path = f"{(folder or USE_CASES_DIR) / use_case_id}.yaml"
    for fault in faults:
        if path in fault.what:
            raise fault
    return case, faults


def load_use_cases(
    folder: Path | None = None, topology: Topology | None = None
) -> tuple[UseCase, ...]:
    """Read every use case of the folder, ordered by id.

    Raises:
        ConfigError: there is none, a file breaks the schema, two use cases share a model, a model
            group or a feature group name, or the topology, where it is given, lacks people or
            images that they name; all that is wrong.
    """
    cases, faults = readable_use_cases(folder, topology)
    if faults:
        steps = dict.fromkeys(filter(None, (fault.next_step for fault in faults)))
        raise ConfigError("\n".join(f.what for f in faults), next_step=" ".join(steps))
    return cases


def readable_use_cases(
    folder: Path | None = None, topology: Topology | None = None
) -> tuple[tuple[UseCase, ...], tuple[ConfigError, ...]]:
    """Return the use cases that keep their rules, ordered by id, and what is wrong with others.

    Of those that share a name none is returned: nobody knows whose it is.

    Raises:
        ConfigError: there is no file.
    """
    root = folder or USE_CASES_DIR
    paths = sorted(root.glob("*.yaml"))
    if not paths:
        raise ConfigError(
            f"{root}: no use case in it" if root.is_dir() else f"{root}: no such folder",
            next_step="Name the folder that holds <use case>.yaml (CAUSEWAY_USE_CASES).",
        )
    cases: list[UseCase] = []
    faults: dict[str, ConfigError] = {}  # one that others name is said once
    for path in paths:
        try:
            case = use_case(path.stem, root)
            if topology is not None:
                require_people((case,), topology, root)
                require_images((case,), topology, root)
            cases.append(case)
        except ConfigError as error:
            faults.setdefault(error.what, error)
    shared: set[str] = set()
    for kind, pairs in (
        ("model", [(m.name, u.id) for u in cases for m in u.models]),
        ("model group", [(m.group, u.id) for u in cases for m in u.models]),
        ("feature group", [(g.name, u.id) for u in cases for g in u.feature_groups]),
    ):
        for name, count in Counter(name for name, _ in pairs).items():
            if count > 1:
                ids = [owner for n, owner in pairs if n == name]
                owners = ", ".join(f"{root / owner}.yaml" for owner in ids)
                what = f"{owners}: the {kind} name {name!r} stands in two use cases"
                step = "Rename one of them; these names are unique in the project."
                faults[what] = ConfigError(what, next_step=step)
                shared.update(ids)
    return tuple(case for case in cases if case.id not in shared), tuple(faults.values())


def first_line(fault: ConfigError) -> str:
    """Return what is wrong with a use case that somebody else is to mend, in a line."""
    line, *more = fault.what.splitlines()
    return f"{line} (and {len(more)} more)" if more else line


def model_of_group(use_cases: tuple[UseCase, ...], group: str) -> tuple[UseCase, ModelSpec] | None:
    """Return the use case and model that register into a model package group, if any."""
    for case in use_cases:
        for model in case.models:
            if model.group == group:
                return case, model
    return None
