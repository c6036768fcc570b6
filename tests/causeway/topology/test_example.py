"""The example of a topology has every key there is, and is valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from causeway.documents import CONFIG_DIR
from causeway.topology.accounts import Topology, load_topology
from causeway.topology.people import PersonPrincipal

EXAMPLE = CONFIG_DIR / "topology" / "example.yaml"


def keys(model: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key that a document of the model may have."""
    for name, field in model.model_fields.items():
        yield (name,)
        for part in models(field.annotation):
            yield from ((name, *rest) for rest in keys(part))


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models(argument)


def written(value: Any, model: type[BaseModel]) -> set[str]:
    """Return every key that stands anywhere in a document."""
    if isinstance(value, dict):
        return set(map(str, value)) | {k for v in value.values() for k in written(v, model)}
    if isinstance(value, list):
        return {k for v in value for k in written(v, model)}
    return set()


def test_it_is_valid_and_local_in_nothing() -> None:
    topology = load_topology(EXAMPLE)
    assert not topology.local
    kinds = [p.principal for p in topology.people.values()]
    assert {
        name
        for kind in kinds
        if isinstance(kind, PersonPrincipal)
        for name in kind.model_dump(exclude_none=True)
    } == set(PersonPrincipal.model_fields)


def test_it_has_every_key_of_the_schema() -> None:
    # Rules of access are a language of their own (docs/sharing.md).
    expected = {path[-1] for path in keys(Topology) if path[0] != "access"} | {"access"}
    assert expected - written(yaml.safe_load(EXAMPLE.read_text()), Topology) == set()


@pytest.mark.parametrize("line", [line for line in EXAMPLE.read_text().splitlines() if line])
def test_every_key_at_the_top_is_explained(line: str) -> None:
    if re.match(r"[a-z_]+:", line):
        assert "#" in line, line
