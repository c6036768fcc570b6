"""Which environment of this machine stands in for a container image (`images.yaml`)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from localaws.kit.service import ServiceError

TABLE = Path(__file__).with_name("images.yaml")
REPOSITORY = Path(__file__).resolve().parents[4]


@dataclass(frozen=True)
class Environment:
    """An interpreter with its packages, and the image that it stands in for."""

    name: str
    python: Path
    image: str


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return loaded


def environment_of(image: str) -> Environment:
    """Return the environment that runs an image.

    Raises:
        ServiceError: ValidationException for an image that is not in the table, or whose
            environment is not installed.
    """
    table = _table()
    for row in table["images"]:
        if re.fullmatch(row["pattern"], image):
            return _installed(row["environment"], table["environments"][row["environment"]], image)
    raise ServiceError(
        "ValidationException",
        f"Cannot find image: {image}. The local AWS runs the images of {TABLE.name}: "
        + ", ".join(row["pattern"] for row in table["images"]),
    )


def _installed(name: str, row: dict[str, str], image: str) -> Environment:
    # Not resolved: Python finds a virtual environment by the location of the interpreter's link.
    python = Path(os.environ.get(row["variable"]) or REPOSITORY / row["python"]).absolute()
    if not python.exists():
        raise ServiceError(
            "ValidationException",
            f"Image {image} runs in the environment {name!r}, but {python} does not exist: "
            f"create it from {row['requirements']} or set {row['variable']}",
        )
    return Environment(name, python, image)
