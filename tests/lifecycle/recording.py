"""What is taken from a running local AWS: its decisions, the policies, how its replies conform.

The policies are those that CloudFormation made of the shipped templates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.accounts import REGION
from tests.infra.policies import DeployedPolicies, deployed_policies
from tests.local_platform import LocalPlatform


@dataclass(frozen=True)
class Recording:
    """Decisions in their order, and the policies that they were made by."""

    decisions: list[dict[str, Any]]
    policies: DeployedPolicies
    conformance: dict[str, Any]

    def allowed(self) -> list[dict[str, Any]]:
        """Return the decisions that let a call pass."""
        return [one for one in self.decisions if one["allowed"]]


def take(platform: LocalPlatform) -> Recording:
    """Fetch what was decided so far and every policy of the shipped stacks."""
    accounts = {name: keys["id"] for name, keys in platform.accounts.items()}
    decisions = platform.control("GET", "/decisions")["decisions"]
    conformance = platform.control("GET", "/conformance")
    policies = deployed_policies(platform.client, accounts, REGION)
    return Recording(decisions, policies, conformance)
