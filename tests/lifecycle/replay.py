"""Asks `causeway.iam` again about recorded calls: with the policies as they are, and with less.

Nothing here reads or writes: a `Recording` goes in. A statement is named by where it stands:
`identity causeway-trainer train#RunJobs`, `trust causeway-trainer#AirflowTakesOnTheDuty`,
`resource s3:::causeway-data-…#TlsOnly`; a role that stands in several accounts (`test`, `prod`) is
one role, because one template makes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from causeway.iam import Decision, Policies, Policy, PolicyType, Principal, Request, evaluate, parse
from tests.infra.policies import Document
from tests.lifecycle.recording import Recording

TAKE_ON = ["sts:AssumeRole", "sts:SetSourceIdentity"]
#: The policy of a person's user: no template makes it.
A_PERSONS = "person"


@dataclass(frozen=True)
class Place:
    """A statement: the holder's ARN, the policy's name on a role ("" elsewhere), its index."""

    kind: PolicyType
    holder: str
    policy: str
    index: int
    statement: Document = field(compare=False)

    @property
    def name(self) -> str:
        """The statement's name, the same for every account that the template is deployed in."""
        sid = self.statement.get("Sid") or str(self.index)
        holder = re.sub(r"\d{12}", "*", self.holder.split(":", 2)[2])
        if ":role/" in self.holder:
            holder = self.holder.rsplit("/", 1)[1]
        if self.holder.startswith("arn:aws:kms:"):
            holder = f"kms:{self.holder.split(':')[4]}"
        policy = f" {self.policy}" if self.policy else ""
        return f"{self.kind.name.lower()} {holder}{policy}#{sid}"

    @property
    def allows(self) -> bool:
        """Whether it allows; a statement that denies is nobody's permission."""
        return bool(self.statement["Effect"] == "Allow")

    @property
    def actions(self) -> list[str]:
        """The actions that the statement names."""
        return _listed(self.statement["Action"])

    @property
    def resources(self) -> list[str]:
        """The resources that the statement names; none in a trust policy."""
        return _listed(self.statement.get("Resource", []))


@dataclass(frozen=True)
class Replay:
    """A recording and the means to ask again."""

    recording: Recording

    @cached_property
    def places(self) -> list[Place]:
        """Every statement that was in force."""
        found = []
        for arn, policies in self.recording.policies.identity.items():
            for name, document in policies.items():
                found += list(_places(PolicyType.IDENTITY, arn, name, document))
        for arn, document in self.recording.policies.trust.items():
            found += list(_places(PolicyType.TRUST, arn, "", document))
        for arn, document in self.recording.policies.resource.items():
            found += list(_places(PolicyType.RESOURCE, arn, "", document))
        return found

    @cached_property
    def calls(self) -> list[dict[str, Any]]:
        """The allowed calls of shipped roles, of people who take one on, and of AWS services.

        What account administrators did besides is theirs.
        """
        held = self.recording.policies
        return [
            one
            for one in self.recording.allowed()
            if one["role"] in held.identity
            or one["resource"] in held.trust
            or not one["principal"].startswith("arn:")
        ]

    @cached_property
    def used(self) -> dict[Place, list[dict[str, Any]]]:
        """The allowed calls by each statement that had a part in allowing them."""
        at = {(p.kind, p.holder, p.policy, p.index): p for p in self.places}
        found: dict[Place, list[dict[str, Any]]] = {place: [] for place in self.places}
        for call in self.calls:
            for one in self.decide(call).statements:
                holder, _, policy = one.policy_name.partition(" ")
                if holder != A_PERSONS:
                    found[at[one.policy_type, holder, policy, one.index]].append(call)
        return found

    def decide(self, call: dict[str, Any], without: Place | None = None) -> Decision:
        """Decide a recorded call, with every statement or without one."""
        policies = Policies(
            identity=(
                *(
                    parse(document, PolicyType.IDENTITY, f"{call['role']} {name}")
                    for name, document in self._of_role(call["role"], without)
                ),
                *_of_person(call),
            ),
            resource=tuple(
                parse(document, kind, holder)
                for kind, holder, document in self._of_resource(call, without)
            ),
            shared=call["shared"],
        )
        return evaluate(_request(call), policies)

    def _of_role(self, role: str | None, without: Place | None) -> Iterator[tuple[str, Document]]:
        for name, document in self.recording.policies.identity.get(role or "", {}).items():
            left = _less(document, PolicyType.IDENTITY, role or "", name, without)
            if left["Statement"]:
                yield name, left

    def _of_resource(
        self, call: dict[str, Any], without: Place | None
    ) -> Iterator[tuple[PolicyType, str, Document]]:
        arn = call["resource"]
        if call["action"] in TAKE_ON:
            kind, holder, document = PolicyType.TRUST, arn, self.recording.policies.trust.get(arn)
        else:
            holder = arn.split("/", 1)[0] if arn.startswith("arn:aws:s3:::") else arn
            if arn.startswith("arn:aws:glue:"):  # one policy for all that is in a catalogue
                holder = f"{arn.rpartition(':')[0]}:catalog"
            kind, document = PolicyType.RESOURCE, self.recording.policies.resource.get(holder)
        if document is not None:
            left = _less(document, kind, holder, "", without)
            if left["Statement"]:
                yield kind, holder, left


def _of_person(call: dict[str, Any]) -> Iterator[Policy]:
    """Yield what a person's user may do: take a role on, where its trust agrees."""
    if ":user/" in call["principal"]:
        statement = {"Effect": "Allow", "Action": TAKE_ON, "Resource": call["resource"]}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        yield parse(document, PolicyType.IDENTITY, A_PERSONS)


def matches(pattern: str, resource: str) -> bool:
    """Say whether a resource of a policy (with `*`) is meant by one of its patterns."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), resource) is not None


def _places(kind: PolicyType, holder: str, policy: str, document: Document) -> Iterator[Place]:
    for index, statement in enumerate(_listed(document["Statement"])):
        yield Place(kind, holder, policy, index, statement)


def _less(
    document: Document, kind: PolicyType, holder: str, policy: str, without: Place | None
) -> Document:
    statements = _listed(document["Statement"])
    if without and (without.kind, without.holder, without.policy) == (kind, holder, policy):
        statements = statements[: without.index] + statements[without.index + 1 :]
    return {**document, "Statement": statements}


def _request(call: dict[str, Any]) -> Request:
    arn = call["principal"]
    if arn.startswith("arn:"):
        who = Principal.of_arn(arn, role_arn=call["role"])
    else:
        who = Principal.of_service(arn)
    return Request(who, call["action"], call["resource"], call["context"], call["owner"])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
