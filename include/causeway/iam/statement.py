"""One statement of a policy: whether it applies to a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from causeway.iam.decision import StatementId
from causeway.iam.patterns import Patterns
from causeway.iam.principal_element import PrincipalElement, Reach
from causeway.iam.request import Facts, Principal, Request

_NO_FACTS: Final[Facts] = {}


class Holds(Protocol):
    """A condition."""

    def holds(self, facts: Facts) -> bool:
        """Tell whether a request of these facts fulfils it."""
        ...


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, compiled. `resources` is None where the policy's own resource is meant."""

    id: StatementId
    denies: bool
    actions: Patterns
    not_actions: bool
    resources: Patterns | None
    not_resources: bool
    principal: PrincipalElement | None
    not_principal: bool
    conditions: tuple[Holds, ...]

    def covers(self, action: str) -> bool:
        """Tell whether Action (or NotAction) covers an action; letters in any case."""
        return self.actions.match(action, _NO_FACTS) is not self.not_actions

    def reach(self, who: Principal) -> Reach:
        """Tell how directly the statement names a principal.

        An identity-based policy names the principal that it is attached to.
        """
        if self.principal is None:
            return Reach.DIRECT
        if self.not_principal:
            return Reach.NONE if self.principal.spares(who) else Reach.DIRECT
        return self.principal.reach(who)

    def applies(self, request: Request) -> bool:
        """Tell whether resource and conditions match; action and principal are known to."""
        if self.resources is not None:
            facts = request.facts
            if self.resources.match(request.resource, facts) is self.not_resources:
                return False
        return all(condition.holds(request.facts) for condition in self.conditions)
