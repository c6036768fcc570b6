"""Reads the Dockerfile: what each stage holds of the repository, and how it starts."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field, replace
from typing import Final

from tests.compose.file import ROOT

DOCKERFILE: Final = ROOT / "Dockerfile"


@dataclass(frozen=True)
class Image:
    """A stage of the Dockerfile."""

    environment: dict[str, str] = field(default_factory=dict)
    #: What is copied: source in the repository (or in another stage), target below the workdir.
    copies: tuple[tuple[str, str], ...] = ()
    environments: tuple[str, ...] = ()  # folders of packages, copied from another stage
    entrypoint: tuple[str, ...] = ()
    user: str = "0"
    workdir: str = "/"


def images() -> dict[str, Image]:
    """Return every stage by its name, with what it has from the stage that it is made from."""
    stages: dict[str, Image] = {}
    name = ""
    for instruction, rest in _instructions():
        if instruction == "FROM":
            origin, _, name = rest.partition(" AS ")
            stages[name] = stages.get(origin, Image())
        else:
            stages[name] = _with(stages[name], instruction, rest)
    return stages


def _with(image: Image, instruction: str, rest: str) -> Image:
    if instruction == "ENV":
        pairs = dict(word.split("=", 1) for word in shlex.split(rest))
        return replace(image, environment=image.environment | pairs)
    if instruction == "ENTRYPOINT":
        return replace(image, entrypoint=tuple(json.loads(rest)))
    if instruction == "USER":
        return replace(image, user=rest)
    if instruction == "WORKDIR":
        return replace(image, workdir=rest)
    if instruction == "COPY":
        *sources, target = rest.split()
        if sources[0].startswith("--from="):
            return replace(image, environments=(*image.environments, target))
        return replace(image, copies=(*image.copies, *((s, target) for s in sources)))
    assert instruction in {"RUN", "CMD"}, instruction
    return image


def _instructions() -> list[tuple[str, str]]:
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    text = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [
        (head, rest)
        for head, _, rest in (line.partition(" ") for line in text.splitlines())
        if head
    ]
