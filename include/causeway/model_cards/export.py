"""Exports of a card to PDF: named after the card's version, and recorded for audits.

The PDF lies in the bucket of the account that asked for it. Its address and digest are an item of
the governance table, beside the decisions on the version that the card describes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from causeway.errors import UnexpectedState
from causeway.instants import instant
from causeway.items import Key, Update, create
from causeway.model_cards.lifecycle import Card
from causeway.names import NAME_LENGTH
from causeway.topology.arns import ModelCardArn, ModelPackageArn
from causeway.versions.keys import card_export_key

#: The name of a failed export cannot be reused; after so many attempts a person has to look.
MAX_ATTEMPTS: Final = 3


def export_name(card: Card) -> str:
    """Return the name of a card version's first export."""
    end = f"-v{card.version}"
    name = ModelCardArn.parse(card.arn).name
    return name[: NAME_LENGTH - len(end) - len("-a9")].rstrip("-") + end


def export_arn(card: Card, name: str) -> str:
    """Return the ARN of an export; a job belongs to its card."""
    return f"{card.arn}/export-job/{name}"


@dataclass(frozen=True)
class CardExport:
    """A PDF that was made of a version of a card."""

    version_arn: ModelPackageArn
    card_arn: str
    card_version: int
    status: str
    job_arn: str
    uri: str
    object_version: str
    sha256: str

    @property
    def key(self) -> Key:
        """The key of its record: with everything about the model's version."""
        return card_export_key(self.version_arn, self.card_version)

    def keep(self, now: datetime) -> Update:
        """Return the write of its record; an existing record stays as it is."""
        return create(
            self.key,
            {
                **self.key.item(),
                "version_arn": str(self.version_arn),
                "card_arn": self.card_arn,
                "card_version": self.card_version,
                "card_status": self.status,
                "job_arn": self.job_arn,
                "uri": self.uri,
                "object_version": self.object_version,
                "sha256": self.sha256,
                "kept_at": instant(now),
            },
        )

    def require_same(self, record: Mapping[str, object]) -> None:
        """Check the record against the object as it is now.

        Raises:
            UnexpectedState: somebody wrote over the PDF.
        """
        if record.get("sha256") != self.sha256:
            raise UnexpectedState(
                f"{self.uri} holds SHA-256 {self.sha256}, kept was {record.get('sha256')}",
                next_step=f"Read version {record.get('object_version')} of the object, and find "
                "out who wrote over it.",
            )
