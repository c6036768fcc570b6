"""Names of AWS resources as functions of their inputs, and the lengths that AWS allows.

A name never contains a run or a time: the same input always has the same name.
"""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

#: The highest ordinal of an attempt; names keep room for it.
ORDINALS: Final = 99
#: SageMaker's limit for job, model and endpoint-config names.
NAME_LENGTH: Final = 63


def job_name(prefix: str, kind: str, digest: str, attempt: int = 1, label: str = "") -> str:
    """Return a job's name: `<prefix>-<kind>[-<label>]-<12 digits>[-a<attempt>]`, at most 63.

    Args:
        prefix: the model or use case; underscores become dashes.
        kind: which job of the chain.
        digest: the digest of everything that the job's result depends on.
        attempt: counts from 1; the first has no ordinal.
        label: the candidate's name, for people who read the console.
    """
    head = "-".join(part for part in (prefix, kind, label) if part).replace("_", "-")
    tail = f"-{digest[:12]}"
    # Room for the ordinal is kept from the start, so that an attempt changes nothing but its end.
    first = head[: NAME_LENGTH - len(f"-a{ORDINALS}") - len(tail)].rstrip("-") + tail
    return attempt_name(first, attempt)


def attempt_name(first_name: str, attempt: int) -> str:
    """Return the name of an attempt of the job whose first name is given."""
    return first_name if attempt <= 1 else f"{first_name}-a{attempt}"


def _lower(name: str) -> str:
    if name != name.lower():
        raise ValueError(
            f"{name!r} has capitals; Glue and Athena fold names to lower case, so a dataset's "
            f"column would have another name; write {name.lower()}"
        )
    return name


#: Feature and column names, as the feature store and Athena take them.
FeatureName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-zA-Z0-9]([_-]*[a-zA-Z0-9]){0,63}$"),
    AfterValidator(_lower),
]


#: Names of groups, models and model package groups: they become parts of AWS names.
DashedName = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=NAME_LENGTH)
]
