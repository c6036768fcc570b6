"""Standalone model cards: found, created as a draft, brought to a content and a status."""

from __future__ import annotations

from causeway.model_cards.content import Content
from causeway.model_cards.lifecycle import Card, CardChange, CardStatus, card_of
from causeway.model_cards.schema import checked
from causeway_airflow.hooks.base import AwsCallError, CausewayHook


class ModelCardsHook(CausewayHook):
    """Model cards as one principal sees them, by name or by the owner's ARN."""

    service = "sagemaker"

    def find(self, card: str, version: int | None = None) -> Card | None:
        """Return a card as it is, or a version of it; None when there is none."""
        request = {"ModelCardVersion": version} if version else {}
        try:
            return card_of(self.call("describe_model_card", ModelCardName=card, **request))
        except AwsCallError as error:
            if error.missing:
                return None
            raise

    def ensure(self, name: str, content: Content) -> bool:
        """Create a card of the own account as a draft unless it is there; returns whether made."""
        if self.find(name) is not None:
            return False
        try:
            self.call(
                "create_model_card",
                ModelCardName=name,
                Content=checked(content),
                ModelCardStatus=str(CardStatus.DRAFT),
            )
        except AwsCallError as error:
            if not error.exists:
                raise
            return False
        return True

    def apply(self, card: str, changes: tuple[CardChange, ...]) -> None:
        """Update a card, one call a change: each makes a version."""
        for change in changes:
            self.call("update_model_card", **change.request(card))
