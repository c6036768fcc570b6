"""Operators that keep the standalone model cards: created as drafts, brought to each hand-over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from causeway.model_cards.content import card_content, live_test_of
from causeway.model_cards.fields import Facts
from causeway.model_cards.lifecycle import HandOver
from causeway.model_cards.spokes import plan_hub
from causeway.topology.accounts import AccountRole
from causeway.versions.registry import version_of
from causeway.versions.stages import Stage
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.operators.base import CausewayOperator
from causeway_airflow.operators.promotion_base import PromotionOperator
from causeway_airflow.operators.sharing import owner_sharing
from causeway_airflow.sharing_runs import receiving_roles

if TYPE_CHECKING:
    from airflow.sdk import Context

OWNER = "registry-owner"


class EnsureModelCardsOperator(CausewayOperator):
    """Create the card of every model that has none yet, as a draft of what its use case says.

    :returns: the cards that were made now
    """

    def __init__(
        self, *, account_role: str = "shared_services", duty: str = OWNER, **kwargs: Any
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> list[str]:
        """Look for each card and create what is missing."""
        from causeway_airflow.hooks.model_cards import ModelCardsHook

        hook = ModelCardsHook(self.connection(), self.region_name)
        made = [
            model.group
            for case in use_cases()
            for model in case.models
            if hook.ensure(model.group, card_content(Facts(case, model)))
        ]
        self.log.info("model cards made: %s", made or "none")
        return made


#: Who keeps the card of an account that has its own.
SPOKE_DUTY: Mapping[AccountRole, str] = {
    AccountRole.DATA_SCIENCE: "trainer",
    AccountRole.TEST: "deployer",
    AccountRole.PROD: "deployer",
}


class AggregateCardsOperator(CausewayOperator):
    """Bring the central cards up to those that the topology's `model_cards.spokes` keep.

    A spoke that has no card of a model yet gets a draft of what the use case says.

    :param only_plan: only say which central cards would change (templated)
    :returns: the central cards that changed
    """

    template_fields = (*CausewayOperator.template_fields, "only_plan")

    def __init__(
        self,
        *,
        account_role: str = "shared_services",
        duty: str = OWNER,
        only_plan: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.only_plan = only_plan

    def perform(self, context: Context) -> list[str]:
        """Read the spokes' cards of each model, plan, apply."""
        from causeway_airflow.hooks.model_cards import ModelCardsHook

        hub = ModelCardsHook(self.connection(), self.region_name)
        spokes = [
            ModelCardsHook(self.connection(role, SPOKE_DUTY[AccountRole(role)]), self.region_name)
            for role in topology().model_cards.spokes
        ]
        changed, dry = [], str(self.only_plan) == "True"
        for model, draft in (
            (model, card_content(Facts(case, model)))
            for case in use_cases()
            for model in case.models
        ):
            if not dry:
                for hook in (hub, *spokes):
                    hook.ensure(model.group, draft)
            central, *kept = (hook.find(model.group) for hook in (hub, *spokes))
            if central is None:
                continue
            planned = plan_hub(central, [card.content for card in kept if card is not None])
            if planned:
                changed.append(model.group)
                self.log.info("model card %s: %s", central.arn, planned)
            if not dry:
                hub.apply(model.group, planned)
        return changed


class HandOverCardOperator(PromotionOperator):
    """Bring the model's card to what a version's hand-over says: its content, then its status.

    The content has what the test of the live endpoint found, once that is recorded. Nothing to
    change makes no new version of the card. Then the card's shares are brought to what the declared
    access says of its status.

    :param hand_over: `test` or `production`
    :returns: who has to accept the card's shares: arguments of `AcceptInvitationsOperator`
    """

    def __init__(self, *, hand_over: str, **kwargs: Any) -> None:
        super().__init__(account_role="shared_services", duty=OWNER, **kwargs)
        self.hand_over = hand_over

    def perform(self, context: Context) -> list[dict[str, Any]]:
        """Describe the version, plan, apply; say where it is compared with production."""
        from causeway_airflow.hooks.model_cards import ModelCardsHook
        from causeway_airflow.hooks.registry import RegistryHook
        from causeway_airflow.tasks.model_cards import hand_over_card

        registry = RegistryHook(self.connection(duty="registry-sync"), self.region_name)
        version = version_of(registry.describe(self.version_arn))
        self.log.info("compare before deciding: %s", version.metadata.get("comparison", "nothing"))
        hook = ModelCardsHook(self.connection(), self.region_name)
        tested = self.table().state(version.arn).records.get(Stage.TEST)
        done = hand_over_card(
            hook,
            self.case,
            self.spec,
            version,
            HandOver(self.hand_over),
            live_test=live_test_of(tested) if tested else None,
        )
        self.log.info("%s: %s updates of the card", self.spec.group, done)
        return self._share()

    def _share(self) -> list[dict[str, Any]]:
        sharing = owner_sharing(self, self.role)
        end = f":model-card/{self.spec.group}"
        mine = {grant.share for grant in sharing.grants if str(grant.resource).endswith(end)}
        plans = [plan for plan in sharing.plans() if plan.name in mine]
        for plan in plans:
            if not plan.is_quiet:
                for action in sharing.converge(plan.name)[0]:
                    self.log.info("%s: %s", plan.name, action)
        return receiving_roles([[plan.shown() for plan in plans]])
