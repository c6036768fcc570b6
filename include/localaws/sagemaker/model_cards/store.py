"""Model cards with all their versions and export jobs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localaws.kit.arns import Arn
from localaws.kit.service import ServiceError
from localaws.ram.resources import shareable
from localaws.sagemaker.model_cards.content import read
from localaws.sagemaker.registry.store import resource_name

if TYPE_CHECKING:
    from localaws.kit.capabilities import Stores

Record = dict[str, Any]


@dataclass(frozen=True)
class Version:
    """One version of a card, never changed: an update creates the next."""

    number: int
    content: str
    status: str
    at: datetime
    by: Record


@dataclass
class ExportJob:
    """One export of a card's version to a PDF in the requester's bucket."""

    name: str
    arn: str
    version: int
    output: str
    created: datetime
    modified: datetime
    status: str = "InProgress"
    artifact: str | None = None
    failure: str | None = None

    def summary(self, card: str) -> Record:
        """Return the members that list and description have in common."""
        return {
            "ModelCardExportJobName": self.name,
            "ModelCardExportJobArn": self.arn,
            "Status": self.status,
            "ModelCardName": card,
            "ModelCardVersion": self.version,
            "CreatedAt": self.created,
            "LastModifiedAt": self.modified,
        }

    def describe(self, card: str) -> Record:
        """Return the description."""
        reply = self.summary(card) | {"OutputConfig": {"S3OutputPath": self.output}}
        if self.failure:
            reply["FailureReason"] = self.failure
        if self.artifact:
            reply["ExportArtifacts"] = {"S3ExportArtifacts": self.artifact}
        return reply


@dataclass
class Card:
    """A model card; `versions` begins with version 1 and is complete."""

    name: str
    arn: str
    security: Record | None
    versions: list[Version]
    jobs: dict[str, ExportJob] = field(default_factory=dict)

    @property
    def latest(self) -> Version:
        """The latest version, the default of calls."""
        return self.versions[-1]

    def version(self, number: int | None) -> Version:
        """Return a version, by default the latest; ResourceNotFound if there is none."""
        if number is None:
            return self.latest
        if not 1 <= number <= len(self.versions):
            raise ServiceError(
                "ResourceNotFound", f"Model card {self.arn} has no version {number}."
            )
        return self.versions[number - 1]

    def describe(self, version: Version) -> Record:
        """Return a version as DescribeModelCard shows it."""
        first = self.versions[0]
        reply: Record = {
            "ModelCardArn": self.arn,
            "ModelCardName": self.name,
            "ModelCardVersion": version.number,
            "Content": version.content,
            "ModelCardStatus": version.status,
            "CreationTime": first.at,
            "CreatedBy": {"IamIdentity": first.by},
            "LastModifiedTime": version.at,
            "LastModifiedBy": {"IamIdentity": version.by},
        }
        if self.security:
            reply["SecurityConfig"] = self.security
        return reply

    def search_record(self) -> Record:
        """Return the latest version as Search shows it."""
        document = read(self.latest.content)
        record = self.describe(self.latest)
        extra = {
            "ModelId": document.get("model_overview", {}).get("model_id"),
            "RiskRating": document.get("intended_uses", {}).get("risk_rating"),
            "ModelPackageGroupName": document.get("model_package_details", {}).get(
                "model_package_group_name"
            ),
        }
        return record | {name: value for name, value in extra.items() if value is not None}


@dataclass
class ModelCards:
    """The model cards of one account in one region."""

    by_name: dict[str, Card] = field(default_factory=dict)

    def find(self, name_or_arn: str, own_arn: str) -> Card:
        """Return a card by name or ARN; the error names `own_arn`."""
        name = resource_name(name_or_arn, "model-card")
        if name not in self.by_name:
            raise ServiceError("ResourceNotFound", f"Model card {own_arn} does not exist.")
        return self.by_name[name]


@shareable("sagemaker:ModelCard")
def model_card_exists(stores: Stores, arn: Arn) -> bool:
    """Tell RAM whether a model card exists."""
    return arn.resource_id in stores.store(ModelCards, arn.account, arn.region).by_name
