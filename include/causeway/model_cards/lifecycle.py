"""How a card's status follows its model: Draft → PendingReview → Approved → Archived.

A plan is computed from the card as it is, and planning again after it was applied gives nothing to
do. Facts (SageMaker API reference, `UpdateModelCard`): content and status cannot be changed in one
call, every call makes a version, an archived card's content stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from causeway.errors import UnexpectedState
from causeway.model_cards.content import Content, described_version, merged
from causeway.model_cards.schema import checked
from causeway.topology.arns import ModelPackageArn


class CardStatus(StrEnum):
    """Every value of `ModelCardStatus`."""

    DRAFT = "Draft"
    PENDING_REVIEW = "PendingReview"
    APPROVED = "Approved"
    ARCHIVED = "Archived"


class HandOver(StrEnum):
    """What happens to a version and is recorded on its model's card."""

    REGISTRATION = "registration"
    TEST = "test"
    PRODUCTION = "production"
    RETIREMENT = "retirement"


#: The status that a card has after a hand-over.
STATUS_AFTER: Final[Mapping[HandOver, CardStatus]] = MappingProxyType(
    {
        HandOver.REGISTRATION: CardStatus.DRAFT,
        HandOver.TEST: CardStatus.PENDING_REVIEW,
        HandOver.PRODUCTION: CardStatus.APPROVED,
        HandOver.RETIREMENT: CardStatus.ARCHIVED,
    }
)
_ORDER: Final = tuple(CardStatus)


@dataclass(frozen=True)
class Card:
    """A card as it is: its latest version."""

    arn: str
    version: int
    status: CardStatus
    content: Content


@dataclass(frozen=True)
class CardChange:
    """One `UpdateModelCard`: the complete content, or the status."""

    content: str | None = None
    status: CardStatus | None = None

    def request(self, card: str) -> dict[str, Any]:
        """Return the request for a card by name or ARN."""
        if self.content is not None:
            return {"ModelCardName": card, "Content": self.content}
        return {"ModelCardName": card, "ModelCardStatus": str(self.status)}


def card_of(description: Mapping[str, Any]) -> Card:
    """Read a card from a `DescribeModelCard` answer.

    Raises:
        UnexpectedState: its status is none that is known.
    """
    try:
        status = CardStatus(description["ModelCardStatus"])
    except ValueError as error:
        raise UnexpectedState(
            f"model card {description['ModelCardArn']} is {description['ModelCardStatus']}",
            next_step="Look at the card; the known statuses are those of CardStatus.",
        ) from error
    return Card(
        arn=description["ModelCardArn"],
        version=int(description["ModelCardVersion"]),
        status=status,
        content=json.loads(description["Content"] or "{}"),
    )


def plan_card(
    card: Card, generated: Content, hand_over: HandOver, version: ModelPackageArn
) -> tuple[CardChange, ...]:
    """Return the updates that bring a card to a hand-over of a version, in their order.

    A registration or a request for test does not turn the card back to an older version than it
    describes; an approval for production does, because that version is what is live then. What
    was decided already about the same version stays decided.

    Raises:
        UnexpectedState: the card is archived and would have to say something else.
        BadInput: the content breaks the card schema.
    """
    described = described_version(card.content)
    same = described == str(version)
    newer = described is not None and ModelPackageArn.parse(described).version > version.version
    if newer and hand_over is not HandOver.PRODUCTION:
        return ()
    if hand_over is HandOver.RETIREMENT:
        done = not same or card.status is CardStatus.ARCHIVED
        return () if done else (CardChange(status=CardStatus.ARCHIVED),)
    status = STATUS_AFTER[hand_over]
    if same and _ORDER.index(card.status) > _ORDER.index(status):
        status = card.status
    return changes(card, merged(card.content, generated), status)


def changes(card: Card, content: Content, status: CardStatus) -> tuple[CardChange, ...]:
    """Return the updates from a card to a content and a status; nothing when it has both.

    A card that loses a status loses it first, so that new content is never shown as approved; one
    that gains a status gets its content first.

    Raises:
        UnexpectedState: an archived card's content would change.
        BadInput: the content breaks the card schema.
    """
    text = checked(content)
    new_content = [] if content == card.content else [CardChange(content=text)]
    new_status = [] if status is card.status else [CardChange(status=status)]
    if new_content and CardStatus.ARCHIVED in (card.status, status):
        raise UnexpectedState(
            f"model card {card.arn} is archived; its content cannot change",
            next_step="A retired model's card stays as it was: use another model group.",
        )
    if _ORDER.index(status) < _ORDER.index(card.status):
        return (*new_status, *new_content)
    return (*new_content, *new_status)
