"""Operators that keep the standalone model cards: created as drafts, brought to each hand-over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.bases.promotion import PromotionOperator
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import Receiver


class EnsureModelCardsOperator(CausewayOperator):
    """Create the card of every model that has none yet, as a draft of what its use case says.

    :returns: the cards that were made now
    """

    def __init__(
        self,
        *,
        account_role: str = "shared_services",
        duty: str = "registry-owner",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> list[str]:
        """Look for each card and create what is missing."""
        from causeway_airflow.tasks.model_cards import ensure_cards

        return ensure_cards(self.hook)


class AggregateCardsOperator(CausewayOperator):
    """Bring the central cards up to those that the topology's `model_cards.spokes` keep.

    A spoke that has no card of a model yet gets a draft of what the use case says.

    :param only_plan: only say which central cards would change (templated)
    :returns: the central cards that changed
    """

    template_fields = (*CausewayOperator.template_fields, "only_plan")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"only_plan": "boolean"}

    def __init__(
        self,
        *,
        account_role: str = "shared_services",
        duty: str = "registry-owner",
        only_plan: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.only_plan = only_plan

    def perform(self, context: Context) -> list[str]:
        """Read the spokes' cards of each model, plan, apply."""
        from causeway_airflow.tasks.card_spokes import aggregate_cards

        return aggregate_cards(self.hook, only_plan=bool(self.only_plan))


class HandOverCardOperator(PromotionOperator):
    """Bring the model's card to what a version's hand-over says: its content, then its status.

    The content has what the test of the live endpoint answered, once that is recorded. Nothing to
    change makes no new version of the card. Then the card's shares are brought to what the declared
    access says of its status.

    :param hand_over: `test` or `production`
    :returns: `Receiver` for each account that has to accept the card's shares
    """

    def __init__(self, *, hand_over: str, **kwargs: Any) -> None:
        super().__init__(account_role="shared_services", duty="registry-owner", **kwargs)
        self.hand_over = hand_over

    def perform(self, context: Context) -> list[Receiver]:
        """Describe the version, plan, apply; say where it is compared with production."""
        from causeway_airflow.tasks.model_cards import hand_over

        return hand_over(self.hook, self.subject(context), self.hand_over)
