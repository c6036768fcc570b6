"""The images that use cases name: each stands in the topology's table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from causeway.errors import ConfigError
from causeway.topology.accounts import Topology
from causeway.use_cases.use_case import USE_CASES_DIR, UseCase


def require_images(
    use_cases: Iterable[UseCase], topology: Topology, folder: Path | None = None
) -> None:
    """Refuse images that the topology has no URI for.

    Raises:
        ConfigError: naming file, key and image of each.
    """
    wrong = [
        f"{(folder or USE_CASES_DIR) / case.id}.yaml: {key}: {name!r} is not in `images` of "
        f"topology {topology.name}"
        for case in use_cases
        for key, name in images_of(case).items()
        if name not in topology.images
    ]
    if wrong:
        raise ConfigError(
            "\n".join(wrong),
            next_step="Add its URI to `images` of the topology, or name one of: "
            f"{', '.join(sorted(topology.images))}.",
        )


def images_of(case: UseCase) -> dict[str, str]:
    """Return the names of the images that a use case runs in, by the key that names each."""
    return {
        "processing.image": case.processing.image,
        "evaluation.image": case.evaluation.image,
        **{f"models.{m.name}.training.image": m.training.image for m in case.models},
    }
