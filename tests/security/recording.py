"""What is taken from a running local AWS: its decisions, the policies, how its replies conform.

The policies are those that CloudFormation made of the shipped templates.
"""

from __future__ import annotations

import json
import urllib.request
from dataclasses import dataclass
from typing import Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.infra.policies import DeployedPolicies, deployed_policies
from tests.local_platform import REGION, LocalPlatform


@dataclass(frozen=True)
class Recording:
    """Decisions in their order, and the policies that they were made by."""

    decisions: list[dict[str, Any]]
    policies: DeployedPolicies
    conformance: dict[str, Any]

    def allowed(self) -> list[dict[str, Any]]:
        """Return the decisions that let a call pass."""
        return [one for one in self.decisions if one["allowed"]]


def record(platform: LocalPlatform) -> Recording:
    """Fetch what was decided so far and every policy of the shipped stacks."""
    accounts = {name: keys["id"] for name, keys in platform.accounts.items()}
    decisions = _control(platform, "/decisions")["decisions"]
    conformance = _control(platform, "/conformance")
    policies = deployed_policies(platform.client, accounts, REGION)
    return Recording(decisions, policies, conformance)


def _control(platform: LocalPlatform, route: str) -> dict[str, Any]:
    keys = platform.accounts["governance"]
    request = AWSRequest("GET", f"{platform.endpoint}{route}")
    signer = Credentials(keys["access_key_id"], keys["secret_access_key"])
    SigV4Auth(signer, "localaws", REGION).add_auth(request)
    ready = request.prepare()
    sent = urllib.request.Request(ready.url, headers=dict(ready.headers.items()))
    with urllib.request.urlopen(sent, timeout=60) as reply:
        found: dict[str, Any] = json.load(reply)
    return found
