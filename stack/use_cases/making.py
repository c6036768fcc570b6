"""`make use-case`: a use case of a data file, written once and then its owner's."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

import yaml

from causeway.documents import parse
from causeway.errors import ConfigError
from causeway.topology.accounts import load_topology
from causeway.use_cases.files import readable_use_cases
from causeway.use_cases.use_case import UseCase
from stack import layout
from stack.processes import StackError
from stack.use_cases.drafting import MARK, draft, marked_lines, source_draft
from stack.use_cases.file_guess import guess_file
from stack.use_cases.guesses import guess_use_case

SCHEMA: Final = layout.ROOT / "docs" / "reference" / "use-case.schema.json"


def make_use_case(
    name: str,
    csv: str,
    *,
    id_column: str | None = None,
    time_column: str | None = None,
    label: str | None = None,
) -> str:
    """Write the YAML of a new use case and return what to do next.

    Raises:
        BadInput: the file is no table, or rows hold what an id or a time cannot be.
        StackError: the name or the file cannot be taken, or there is a use case of that name.
    """
    path = layout.USE_CASES / f"{name}.yaml"
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) or len(name) > 40:
        raise StackError(
            f"NAME={name}: use small letters, digits and single `_`, 40 characters at most"
        )
    if not path.parent.is_dir():
        raise StackError(f"CAUSEWAY_USE_CASES={path.parent}: there is no such folder")
    if path.exists():
        raise StackError(
            f"{layout.from_root(path)} is there already; nothing was written; for a further file "
            "of the same use case name it with SOURCE, as SOURCE=orders"
        )
    file = Path(csv).expanduser()
    guessed = guess_file(file)
    guess = guess_use_case(guessed, file, id_column=id_column, time_column=time_column, label=label)
    topology = load_topology(layout.TOPOLOGY)
    text = draft(name, guess, topology, file.name, os.path.relpath(SCHEMA, path.parent))
    where = layout.from_root(path)
    try:
        case = parse(text, UseCase, where)
        _require_new(case)
    except ConfigError as error:
        raise StackError(f"no use case can be drafted of {csv}: {error}") from error
    path.write_text(text, encoding="utf-8")
    part = "" if guessed.whole else f" (of the first {guessed.rows} rows)"
    return (
        f"written: {where}, a {guess.problem} of {guess.label!r}{part}\n"
        f"{len(marked_lines(text))} lines are marked `{MARK}`: look at each, then take it out\n"
        f"then: make check-use-case NAME={name} CSV={csv}\n"
        f"      make demo USE_CASE={name} DATA={csv}"
    )


def draft_of_source(
    name: str,
    csv: str,
    source: str,
    *,
    id_column: str | None = None,
    time_column: str | None = None,
    label: str | None = None,
) -> str:
    """Return the YAML of a further file of a use case, for a person to put in.

    Raises:
        BadInput: the file is no table, or rows hold what an id or a time cannot be.
        StackError: there is no such use case, or the file cannot be taken.
    """
    path = layout.USE_CASES / f"{name}.yaml"
    if not path.is_file():
        raise StackError(f"NAME={name}: there is no {layout.from_root(path)} to add a source to")
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", source):
        raise StackError(f"SOURCE={source}: use small letters, digits and single `_`")
    if source in _sources(path):
        raise StackError(
            f"SOURCE={source}: {layout.from_root(path)} has this source already; nothing was "
            "written; name another, or take it out there first"
        )
    file = Path(csv).expanduser()
    guess = guess_use_case(
        guess_file(file),
        file,
        id_column=id_column,
        time_column=time_column,
        label=label,
        labelled=False,
    )
    if label:
        raise StackError(
            f"LABEL={label}: a further file only adds a source; leave LABEL out, and name the "
            f"feature in `training.label` of a model of {layout.from_root(path)} if it is what it "
            "predicts"
        )
    return (
        f"put this into {layout.from_root(path)}, where nothing was written:\n\n"
        f"{source_draft(name, source, guess, file.name)}\n"
        "Give the first file a name among the `sources`, too, in place of `data`, and each of its\n"
        "feature groups a `from`. A model that reads both says which column of its rows holds the\n"
        "ids of the other: `dataset.groups` with `on` (docs/ingestion.md, several raw files)."
    )


def _sources(path: Path) -> Collection[str]:
    """Return the names of the sources that a use case has by now, whatever is wrong with it."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        return ()
    sources = content.get("sources") if isinstance(content, dict) else None
    return sources if isinstance(sources, dict) else ()


def _require_new(case: UseCase) -> None:
    """Refuse names that another use case has."""
    empty = not any(layout.USE_CASES.glob("*.yaml"))
    others = () if empty else readable_use_cases(layout.USE_CASES)[0]
    names = {g.name for other in others for g in other.feature_groups}
    names |= {name for other in others for m in other.models for name in (m.name, m.group)}
    own = {g.name for g in case.feature_groups} | {case.models[0].name, case.models[0].group}
    if taken := sorted(own & names):
        raise ConfigError(
            f"another use case has the name {', '.join(taken)}", next_step="Choose another NAME."
        )
