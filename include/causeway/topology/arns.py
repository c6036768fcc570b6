"""Typed ARNs: a name says which thing, an ARN also says whose.

Cross-account calls need the ARN; a bare name in the consumer's account would hit or create a
local thing of the same name. Patterns are those of the SageMaker service model.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from causeway.errors import UnexpectedState
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import AccountId, Topology

_NAME = r"(?P<name>[a-zA-Z0-9][a-zA-Z0-9-]{0,62})"
_FEATURE_GROUP_NAME = r"(?P<name>[a-zA-Z0-9][a-zA-Z0-9_-]{0,63})"
_HEAD = r"arn:(?P<partition>aws[a-z-]*):sagemaker:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):"


@dataclass(frozen=True)
class SageMakerArn:
    """A named thing of SageMaker and its owner; each type of thing has a class of its own."""

    partition: str
    region: str
    account: AccountId
    name: str

    resource: ClassVar[str]
    pattern: ClassVar[str] = _NAME

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read an ARN of this type.

        Raises:
            UnexpectedState: the text is no ARN of this type.
        """
        match = re.fullmatch(f"{_HEAD}{cls.resource}/{cls.pattern}", text)
        if match is None:
            raise _not_an_arn(text, cls.resource, f"{cls.resource}/<name>")
        parts = match.groupdict()
        return cls(parts["partition"], parts["region"], AccountId(parts["account"]), parts["name"])

    @classmethod
    def of(cls, topology: Topology, role: AccountRole, name: str) -> Self:
        """Name the thing in the account that plays the role."""
        return cls(topology.partition, topology.region, topology.account(role), name)

    @property
    def path(self) -> str:
        """The end of the ARN, which is unique in the account and region."""
        return f"{self.resource}/{self.name}"

    def __str__(self) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:{self.path}"


@dataclass(frozen=True)
class FeatureGroupArn(SageMakerArn):
    """A feature group and its owner."""

    resource: ClassVar[str] = "feature-group"
    pattern: ClassVar[str] = _FEATURE_GROUP_NAME


@dataclass(frozen=True)
class FeatureCatalogArn(SageMakerArn):
    """The catalogue of an account's feature groups."""

    resource: ClassVar[str] = "sagemaker-catalog"


@dataclass(frozen=True)
class ModelCardArn(SageMakerArn):
    """A model card and its owner."""

    resource: ClassVar[str] = "model-card"


@dataclass(frozen=True)
class LineageGroupArn(SageMakerArn):
    """An account's lineage group."""

    resource: ClassVar[str] = "lineage-group"


@dataclass(frozen=True)
class ModelPackageGroupArn(SageMakerArn):
    """A model package group and its owner."""

    resource: ClassVar[str] = "model-package-group"

    @property
    def versions(self) -> str:
        """What the ARNs of the group's versions begin with; each ends in `/<number>`."""
        return (
            f"arn:{self.partition}:sagemaker:{self.region}:{self.account}:model-package/{self.name}"
        )

    def version(self, number: int) -> ModelPackageArn:
        """Return the ARN of one version of the group."""
        return ModelPackageArn(self.partition, self.region, self.account, self.name, number)


@dataclass(frozen=True)
class TrainingJobArn(SageMakerArn):
    """A training job and the account that it runs in."""

    resource: ClassVar[str] = "training-job"


@dataclass(frozen=True)
class ProcessingJobArn(SageMakerArn):
    """A processing job and the account that it runs in."""

    resource: ClassVar[str] = "processing-job"


@dataclass(frozen=True)
class EndpointArn(SageMakerArn):
    """An endpoint and its account."""

    resource: ClassVar[str] = "endpoint"


@dataclass(frozen=True)
class EndpointConfigArn(SageMakerArn):
    """An endpoint config and its account."""

    resource: ClassVar[str] = "endpoint-config"


@dataclass(frozen=True, order=True)
class ModelPackageArn:
    """One version of a model package group, and the group's owner."""

    partition: str
    region: str
    account: AccountId
    group: str
    version: int

    @classmethod
    def parse(cls, text: str) -> ModelPackageArn:
        """Read the ARN of a model package version.

        Raises:
            UnexpectedState: the text is no such ARN (a bare name, an unversioned package).
        """
        match = re.fullmatch(f"{_HEAD}model-package/{_NAME}/(?P<version>[1-9][0-9]*)", text)
        if match is None:
            raise _not_an_arn(text, "model package version", "model-package/<group>/<version>")
        parts = match.groupdict()
        return cls(
            parts["partition"],
            parts["region"],
            AccountId(parts["account"]),
            parts["name"],
            int(parts["version"]),
        )

    @property
    def group_arn(self) -> ModelPackageGroupArn:
        """The group that the version belongs to."""
        return ModelPackageGroupArn(self.partition, self.region, self.account, self.group)

    def __str__(self) -> str:
        return f"{self.group_arn.versions}/{self.version}"


@dataclass(frozen=True)
class RoleArn:
    """An IAM role and its account; an assumed-role session's ARN is read as its role."""

    partition: str
    account: AccountId
    name: str

    @classmethod
    def parse(cls, text: str) -> RoleArn:
        """Read the ARN of a role or of a session of it.

        Raises:
            UnexpectedState: the text is neither.
        """
        match = re.fullmatch(
            r"arn:(aws[a-z-]*):(?:iam::(\d{12}):role/(?:[\w+=,.@/-]*/)?([\w+=,.@-]+)"
            r"|sts::(\d{12}):assumed-role/([\w+=,.@-]+)/[\w+=,.@-]+)",
            text,
        )
        if match is None:
            raise _not_an_arn(text, "role", "iam::<account>:role/<name>")
        partition, iam_account, iam_name, sts_account, sts_name = match.groups()
        return cls(partition, AccountId(iam_account or sts_account), iam_name or sts_name)

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role/{self.name}"


@dataclass(frozen=True)
class OrganisationArn:
    """An AWS organisation, or an organisational unit of it."""

    partition: str
    management: AccountId
    organisation: str
    unit: str | None = None

    @classmethod
    def parse(cls, text: str) -> OrganisationArn:
        """Read the ARN of an organisation or of a unit.

        Raises:
            UnexpectedState: the text is neither.
        """
        match = re.fullmatch(
            r"arn:(aws[a-z-]*):organizations::(\d{12}):"
            r"(?:organization/(o-[a-z0-9]+)|ou/(o-[a-z0-9]+)/(ou-[a-z0-9-]+))",
            text,
        )
        if match is None:
            raise _not_an_arn(text, "organisation", "organization/<id> or ou/<id>/<unit>")
        partition, management, whole, organisation, unit = match.groups()
        return cls(partition, AccountId(management), whole or organisation, unit)

    def __str__(self) -> str:
        head, whole = f"arn:{self.partition}:organizations::{self.management}", self.organisation
        return f"{head}:ou/{whole}/{self.unit}" if self.unit else f"{head}:organization/{whole}"


def _not_an_arn(text: str, kind: str, form: str) -> UnexpectedState:
    return UnexpectedState(
        f"{text!r} is not the ARN of a {kind}",
        next_step=f"Give the whole ARN, ending in {form}; a bare name means a local thing.",
    )
