"""Reading Amazon Resource Names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Arn:
    """`arn:partition:service:region:account:resource`; S3 and IAM leave some parts empty."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @property
    def resource_type(self) -> str:
        """The part before the first `/` (or `:`), e.g. `model-package-group`."""
        return self.resource.replace(":", "/").split("/", 1)[0]

    @property
    def resource_id(self) -> str:
        """The part after the resource type, e.g. `credit-risk/3` of a model package."""
        parts = self.resource.replace(":", "/").split("/", 1)
        return parts[1] if len(parts) == 2 else parts[0]


def parse_arn(text: str) -> Arn:
    """Parse an ARN; raise ValueError when `text` is not one."""
    parts = text.split(":", 5)
    if len(parts) != 6 or parts[0] != "arn":
        raise ValueError(f"not an ARN: {text!r}")
    return Arn(*parts[1:])


def is_arn(text: object) -> bool:
    """Tell whether a parameter holds an ARN rather than a name."""
    return isinstance(text, str) and text.startswith("arn:") and text.count(":") >= 5


def name_of(name_or_arn: str) -> str:
    """Return the name of a resource given by name or ARN: everything after the resource type."""
    return parse_arn(name_or_arn).resource_id if is_arn(name_or_arn) else name_or_arn
