"""Whether a job that has a name is the job that was asked for under it.

A name holds twelve digits of a digest, and whoever may create jobs may choose it. So what SageMaker
says of the job is compared with the request that these inputs make. (The service model has every
part of it in the answers of `DescribeTrainingJob` and `DescribeProcessingJob`; not verified on AWS:
that each comes back as it was written.)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from causeway.errors import NameTaken, UnexpectedState

#: What a job's result depends on, by the path in the request. AWS adds defaults to what it
#: describes, so that each is looked for in the description, not compared with it as a whole.
_ASKED_FOR: Final = (
    ("RoleArn",),
    ("AppSpecification",),
    ("ProcessingInputs",),
    ("ProcessingOutputConfig", "Outputs"),
    ("AlgorithmSpecification", "TrainingImage"),
    ("InputDataConfig",),
    ("OutputDataConfig", "S3OutputPath"),
)
#: More than what was asked for would change the result.
_EXACTLY: Final = ("HyperParameters", "Environment")


def require_made_from(request: Mapping[str, Any], description: Mapping[str, Any]) -> None:
    """Refuse a job that was not made from the request, whatever its name.

    Raises:
        NameTaken: naming what differs.
    """
    parts = {path: _at(request, path) for path in _ASKED_FOR if path[0] in request}
    others = [
        ".".join(path) for path, part in parts.items() if not _within(part, _at(description, path))
    ]
    others += [key for key in _EXACTLY if request.get(key, {}) != description.get(key, {})]
    if others:
        name = description.get("ProcessingJobName") or description.get("TrainingJobName")
        raise NameTaken(
            f"job {name} was made with other {', '.join(others)} than this training asks for",
            next_step="Find out who made it; job names belong to their inputs.",
        )


def digest_of(uri: str, root: str, use_case: str) -> str:
    """Return the digest of a dataset, which its address says.

    Args:
        uri: where the dataset lies.
        root: the bucket of datasets, as `s3://<bucket>`.
        use_case: the use case that it is of.

    Raises:
        UnexpectedState: it is no address of the use case's datasets.
    """
    folder = re.escape(f"{root}/datasets/{use_case}/")
    match = re.fullmatch(f"{folder}([0-9a-f]{{64}})/dataset.parquet", uri)
    if match is None:
        raise UnexpectedState(
            f"{uri!r} is no dataset of use case {use_case}",
            next_step=f"A dataset lies at {root}/datasets/{use_case}/<SHA-256>/dataset.parquet.",
        )
    return match[1]


def _at(document: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    part: Any = document
    for key in path:
        part = part.get(key, {})
    return part


def _within(asked: Any, described: Any) -> bool:
    """Tell whether a description says all that was asked for; lists have the same entries."""
    if isinstance(asked, Mapping):
        return isinstance(described, Mapping) and all(
            _within(value, described.get(key)) for key, value in asked.items()
        )
    if isinstance(asked, list):
        return (
            isinstance(described, list)
            and len(asked) == len(described)
            and all(map(_within, asked, described))
        )
    return bool(asked == described)
