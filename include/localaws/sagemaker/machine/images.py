"""Which environment of this machine stands in for a container image (`images.yaml`)."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from localaws.kit.service import ServiceError

TABLE = Path(__file__).with_name("images.yaml")
REPOSITORY = Path(__file__).resolve().parents[4]

_URI: Final = re.compile(
    r"(?P<registry>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/"
    r"(?P<repository>[a-z0-9._/-]+)(:(?P<tag>[\w.-]+)|@sha256:[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Environment:
    """An interpreter with its packages, and the image that it stands in for.

    `algorithm`: SageMaker takes the image for one of its own algorithms.
    """

    name: str
    python: Path
    image: str
    algorithm: bool = False


@cache
def _table() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return loaded


def environment_of(image: str) -> Environment:
    """Return the environment that runs an image.

    Raises:
        ServiceError: ValidationException for an image that is not in the table, that is not in
            AWS's registry of its region, or whose environment is not installed.
    """
    table, uri = _table(), _URI.fullmatch(image)
    for row in table["images"]:
        if uri and uri["repository"] == row["repository"] and uri["tag"] in (None, *row["tags"]):
            of_aws = _in_registry_of_aws(uri, table["registries"])
            return _installed(
                row["environment"],
                table["environments"][row["environment"]],
                image,
                algorithm=of_aws and row["algorithm"],
            )
    images = [f"{row['repository']}:{tag}" for row in table["images"] for tag in row["tags"]]
    raise ServiceError(
        "ValidationException",
        f"Cannot find image: {image}. The local AWS runs the images of {TABLE.name}: "
        f"{', '.join(images)}",
    )


def _in_registry_of_aws(uri: re.Match[str], registries: dict[str, str]) -> bool:
    """Tell AWS's image from a copy; each region has its own registry."""
    if uri["registry"] not in registries.values():
        return False
    if registries.get(uri["region"]) != uri["registry"]:
        raise ServiceError(
            "ValidationException",
            f"Cannot find repository: {uri['repository']} in registry ID: {uri['registry']}. "
            f"AWS's registry in {uri['region']} is {registries.get(uri['region'], 'unknown')}",
        )
    return True


def _installed(name: str, row: dict[str, str], image: str, *, algorithm: bool) -> Environment:
    # Not resolved: Python finds a virtual environment by the location of the interpreter's link.
    python = Path(os.environ.get(row["variable"]) or REPOSITORY / row["python"]).absolute()
    if not python.exists():
        raise ServiceError(
            "ValidationException",
            f"Image {image} runs in the environment {name!r}, but {python} does not exist: "
            f"create it from {row['requirements']} or set {row['variable']}",
        )
    return Environment(name, python, image, algorithm)
