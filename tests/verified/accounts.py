"""The accounts in which a fact about AWS is tried: the local AWS, or two real ones.

`CAUSEWAY_AWS=1` adds the real ones. They are named by profile, in `CAUSEWAY_AWS_PROFILES`
(`governance=my-sandbox,data=my-other-sandbox`): no default profile, no credentials of the
environment and no role of the machine is ever used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import boto3

SWITCH: Final = "CAUSEWAY_AWS"
PROFILES: Final = "CAUSEWAY_AWS_PROFILES"
REGION: Final = "CAUSEWAY_AWS_REGION"
ROLES: Final = ("governance", "data")


class RefusedError(Exception):
    """Real accounts are not to be touched like this; the message says what is missing."""


@dataclass(frozen=True)
class Tried:
    """Where a fact is tried: clients by service and account role, and the accounts' ids."""

    real: bool
    region: str
    client: Callable[[str, str], Any]

    def account(self, role: str) -> str:
        return str(self.client("sts", role).get_caller_identity()["Account"])


def switched_on(environment: Mapping[str, str] = os.environ) -> bool:
    return environment.get(SWITCH) == "1"


def real_accounts(environment: Mapping[str, str] = os.environ) -> Tried:
    """Return the real accounts that the environment names.

    Raises:
        RefusedError: no profile or region is named, two roles share an account, or AWS's address
            is overridden.
    """
    profiles = dict(
        pair.split("=", 1) for pair in environment.get(PROFILES, "").split(",") if "=" in pair
    )
    if missing := [role for role in ROLES if not profiles.get(role)]:
        raise RefusedError(
            f"{PROFILES} names no profile for {', '.join(missing)}; "
            "set it to governance=<profile>,data=<profile> of two accounts without production data"
        )
    region = environment.get(REGION)
    if not region:
        raise RefusedError(f"{REGION} is not set")
    if overridden := sorted(n for n in environment if n.startswith("AWS_ENDPOINT_URL")):
        raise RefusedError(f"{', '.join(overridden)} is set: answers would not be AWS's")
    sessions = {
        role: boto3.Session(profile_name=profiles[role], region_name=region) for role in ROLES
    }
    clients: dict[tuple[str, str], Any] = {}

    def client(service: str, role: str) -> Any:
        make: Any = sessions[role].client  # which service is known at run time only
        return clients.setdefault((service, role), make(service))

    tried = Tried(True, region, client)
    if len({tried.account(role) for role in ROLES}) < len(ROLES):
        raise RefusedError(f"{PROFILES}: both profiles are in one account; two are needed")
    return tried
