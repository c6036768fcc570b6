"""Who calls AWS: one administrator per account, or Airflow's own role.

A client of an account role is made once. An endpoint other than AWS's comes from the environment
(`AWS_ENDPOINT_URL`), as for every AWS tool.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from causeway.errors import ConfigError
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway_deploy.stacks import StackRequest, failed_resources

Client = Any
#: Returns a client of a service that acts in the account of a role.
Clients = Callable[[AccountRole, str], Client]

#: Hosts where a topology that calls itself local may be.
_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1", "localaws"})


def administrators(topology: Topology, pattern: str) -> Clients:
    """Return clients by profile: `pattern` is a profile's name with `{role}` in it.

    Each profile is checked to be in the account of its role when it is first used.

    Raises:
        ConfigError: a profile does not exist or is in another account.
    """
    sessions: dict[AccountRole, boto3.Session] = {}

    def client(role: AccountRole, service: str) -> Client:
        if role not in sessions:
            sessions[role] = session_in_account(topology, role, pattern.format(role=role.value))
        make: Any = sessions[role].client  # which service is known at run time only
        return make(service)

    return client


def refuse_profiles(topology: Topology, roles: Sequence[AccountRole], pattern: str) -> None:
    """Refuse a pattern of profile names that does not name one profile for each account.

    Raises:
        ConfigError: it has another placeholder than `{role}`, or none and there are two accounts.
    """
    if {"{", "}"} & set(pattern.replace("{role}", "")):
        problem = "only `{role}` may stand in braces"
    elif "{role}" not in pattern and len({topology.account(role) for role in roles}) > 1:
        problem = "without `{role}` one profile would stand for several accounts"
    else:
        return
    raise ConfigError(
        f"--profiles {pattern}: {problem}",
        next_step="Write, for example, '{role}-admin'.",
    )


def session_in_account(topology: Topology, role: AccountRole, profile: str) -> boto3.Session:
    """Return a session of a profile that is in the account of a role.

    Raises:
        ConfigError: there is no such profile, it cannot sign in, or it is in another account.
    """
    account = topology.account(role)
    try:
        session = boto3.Session(profile_name=profile, region_name=topology.region)
        identity = session.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise ConfigError(
            f"profile {profile} cannot sign in to the account of {role.value}, {account}: {error}",
            next_step="Add it to the AWS config file (aws configure --profile …), or name "
            "others with --profiles.",
        ) from error
    if identity["Account"] != account:
        raise ConfigError(
            f"profile {profile} is in account {identity['Account']}; {role.value} is {account}",
            next_step="Correct the profile or `accounts` of the topology.",
        )
    return session


def refuse_local_on_aws(topology: Topology) -> None:
    """Refuse to reach real accounts with a topology that allows what they must not have.

    Raises:
        ConfigError: the topology says `local: true` and no local endpoint is set.
    """
    host = urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname
    if topology.local and host not in _LOCAL_HOSTS:
        raise ConfigError(
            f"topology {topology.name} says `local: true`, but AWS_ENDPOINT_URL names no local AWS",
            next_step="Name your topology with CAUSEWAY_TOPOLOGY, or set AWS_ENDPOINT_URL.",
        )


class AccountStacks:
    """The stacks of one account, through a CloudFormation client."""

    def __init__(self, client: Client, principal: str) -> None:
        self._client = client
        self.principal = principal

    def find(self, name: str) -> dict[str, Any] | None:
        """Return a stack's description, or None when there is none."""
        try:
            stacks = self._client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in error.response["Error"].get("Message", ""):
                return None
            raise
        return dict(stacks[0]) if stacks else None

    def template(self, name: str) -> str:
        """Return the template of a stack as it was submitted."""
        body = self._client.get_template(StackName=name)["TemplateBody"]
        return body if isinstance(body, str) else json.dumps(body)

    def create(self, request: StackRequest) -> None:
        """Begin to create a stack; what it made is removed again when it fails."""
        self._client.create_stack(**request.call(), OnFailure="ROLLBACK")

    def update(self, request: StackRequest, previous: tuple[str, ...]) -> bool:
        """Begin to update a stack; return whether there is anything to update."""
        try:
            self._client.update_stack(**request.call(previous))
        except ClientError as error:
            if "no updates are to be performed" not in str(error).lower():
                raise
            return False
        return True

    def delete(self, name: str) -> None:
        """Begin to delete a stack."""
        self._client.delete_stack(StackName=name)

    def failures(self, name: str) -> list[str]:
        """Return which resources failed in a stack's latest operation and why, the last first."""
        events = self._client.describe_stack_events(StackName=name)["StackEvents"]
        return failed_resources(events)
