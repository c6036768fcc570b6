"""Reaches every account as every duty, as Airflow will, and says what is missing and who mends it.

Nothing is changed. Each duty is taken on from Airflow's own role; what the duties need first
(stacks, table, queue, buckets) is looked at with a duty that may.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, get_args

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from causeway.topology.account_roles import STACK_KEEPERS, STACK_SERVICES, AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.arns import RoleArn
from causeway.topology.connections import Connection, connections
from causeway.topology.guards import DeployedGuards, differences
from causeway.topology.names import GOVERNANCE_TABLE, REGISTRY_QUEUE
from causeway.topology.people import Decided
from causeway_deploy.clients import AccountStacks

_BOOTSTRAP = "an administrator runs: python -m causeway_deploy bootstrap"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `mend` says who does what where it is not well."""

    what: str
    problem: str | None = None
    mend: str = ""

    def __str__(self) -> str:
        return (
            f"ok       {self.what}"
            if self.problem is None
            else (f"MISSING  {self.what}: {self.problem}\n         -> {self.mend}")
        )


def _looked(what: str, problem: Callable[[], str | None]) -> Finding:
    """Return what a look says is wrong; a call that fails is a finding too."""
    try:
        return Finding(what, problem(), _BOOTSTRAP)
    except (BotoCoreError, ClientError) as error:
        return Finding(what, str(error), _BOOTSTRAP)


def _absence(stacks: AccountStacks, name: str) -> str | None:
    return None if stacks.find(name) else "it does not exist"


def _attempt(look: Callable[[Any], Any], client: Any) -> None:
    look(client)


def _denied(error: BotoCoreError | ClientError) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == "AccessDenied"


class Doctor:
    """Looks at the accounts of a topology from the session that Airflow's processes have."""

    def __init__(
        self,
        topology: Topology,
        airflow: boto3.Session,
        roles: Collection[AccountRole] = (),
    ) -> None:
        self.topology = topology
        self.roles = roles or topology.roles
        self.airflow = airflow
        self._sts = airflow.client("sts", region_name=topology.region)
        self._sessions: dict[tuple[AccountRole, str], boto3.Session] = {}

    def examine(self) -> list[Finding]:
        """Return what was looked at, in the order of the accounts."""
        own = self._own_role()
        if own.problem is not None:
            return [own]
        with ThreadPoolExecutor(8) as pool:
            reached = [c for c in connections(self.topology) if c.role in self.roles]
            duties = list(pool.map(self._duty, reached))
        return [own, self._no_person(), *duties, *self._stacks(), *self._what_duties_need()]

    def _own_role(self) -> Finding:
        expected = self.topology.role_arn(AccountRole.GOVERNANCE, "airflow")
        what = f"Airflow's own role, {expected}"
        try:
            arn = self._sts.get_caller_identity()["Arn"]
        except (BotoCoreError, ClientError) as error:
            return Finding(what, str(error), "check the profile and whom `airflow` trusts")
        if ":assumed-role/" not in arn or str(RoleArn.parse(arn)) != expected:
            return Finding(what, f"this is {arn}", "run as that role, or name --airflow-profile")
        return Finding(what)

    def _no_person(self) -> Finding:
        """Airflow must not be able to decide for people."""
        what = "nobody is a person from Airflow's role"
        for stage in get_args(Decided):
            approver = self.topology.role_arn(AccountRole.SHARED_SERVICES, f"{stage}-approver")
            for person in self.topology.people.values():
                try:
                    self._sts.assume_role(
                        RoleArn=approver,
                        RoleSessionName="doctor",
                        SourceIdentity=person.source_identity,
                    )
                except (BotoCoreError, ClientError) as error:
                    if _denied(error):
                        continue
                    problem = f"this could not be tried: {error}"
                    return Finding(what, problem, "run the doctor again")
                return Finding(
                    what,
                    f"it may take on {approver} as {person.source_identity}",
                    f"somebody changed that role's trust; {_BOOTSTRAP}",
                )
        return Finding(what)

    def _duty(self, connection: Connection) -> Finding:
        what = f"{connection.conn_id}"
        try:
            reply = self._sts.assume_role(
                RoleArn=connection.role_arn, RoleSessionName="causeway-doctor"
            )["Credentials"]
        except (BotoCoreError, ClientError) as error:
            return Finding(what, str(error), f"{_BOOTSTRAP} (account of {connection.role.value})")
        self._sessions[connection.role, connection.duty] = boto3.Session(
            reply["AccessKeyId"],
            reply["SecretAccessKey"],
            reply["SessionToken"],
            region_name=self.topology.region,
        )
        return Finding(what)

    def _stacks(self) -> Iterator[Finding]:
        for role in self.roles:
            if (client := self._client(role, STACK_KEEPERS[role.kind], "cloudformation")) is None:
                continue
            stacks = AccountStacks(client, STACK_KEEPERS[role.kind])
            if self.topology.guards == "stacks":
                name = self.topology.guards_stack(role)
                yield _looked(f"stack {name} of {role.value}", partial(self._guards, role, stacks))
            if role in STACK_SERVICES:
                name = self.topology.resources_stack(role)
                yield _looked(f"stack {name} of {role.value}", partial(_absence, stacks, name))

    def _guards(self, role: AccountRole, stacks: AccountStacks) -> str | None:
        name = self.topology.guards_stack(role)
        stack = stacks.find(name)
        deployed = None
        if stack is not None:
            values = {
                item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", ())
            }
            deployed = DeployedGuards(stacks.template(name), values, self._approver_trust(role))
        return "; ".join(differences(role, self.topology, deployed)) or None

    def _approver_trust(self, role: AccountRole) -> dict[Decided, dict[str, Any]]:
        if role is not AccountRole.SHARED_SERVICES:
            return {}
        iam = self._client(role, STACK_KEEPERS[role.kind], "iam")
        return {
            stage: iam.get_role(RoleName=f"causeway-{stage}-approver")["Role"][
                "AssumeRolePolicyDocument"
            ]
            for stage in get_args(Decided)
        }

    def _what_duties_need(self) -> Iterator[Finding]:
        """Look at what is there, with a duty that may see it."""
        governance = AccountRole.GOVERNANCE
        looks: tuple[tuple[str, AccountRole, str, str, Callable[[Any], Any]], ...] = (
            (
                f"table {GOVERNANCE_TABLE}",
                governance,
                "recorder",
                "dynamodb",
                lambda client: client.get_item(
                    TableName=GOVERNANCE_TABLE, Key={"pk": {"S": "DOCTOR"}, "sk": {"S": "LOOK"}}
                ),
            ),
            (
                f"queue {REGISTRY_QUEUE}",
                governance,
                "event-reader",
                "sqs",
                lambda client: client.get_queue_url(QueueName=REGISTRY_QUEUE),
            ),
            (
                f"bucket {self.topology.audit_bucket}",
                governance,
                "audit-keeper",
                "s3",
                lambda client: client.list_object_versions(
                    Bucket=self.topology.audit_bucket, MaxKeys=1
                ),
            ),
            *(
                (
                    f"policy of the bucket {self.topology.bucket(role)}",
                    role,
                    duty,
                    "s3",
                    lambda client, role=role: client.get_bucket_policy(
                        Bucket=self.topology.bucket(role)
                    ),
                )
                for role, duty in (
                    (AccountRole.DATA, "data-auditor"),
                    (AccountRole.SHARED_SERVICES, "registry-auditor"),
                )
            ),
        )
        for what, role, duty, service, look in looks:
            if (client := self._client(role, duty, service)) is None:
                continue
            yield _looked(what, partial(_attempt, look, client))

    def _client(self, role: AccountRole, duty: str, service: str) -> Any:
        """Return a client of a duty, None where it could not be taken on."""
        session = self._sessions.get((role, duty))
        make: Any = session.client if session else lambda _service: None
        return make(service)
