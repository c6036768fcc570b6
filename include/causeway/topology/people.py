"""People: the log-ins that mean one human, and the trust that lets nobody else appear as them.

A person decides in the registry with the approver role of a stage. Its trust policy has one
statement a person, which binds that person's principal and their `sts:SourceIdentity` to each
other. A session name that its caller may choose proves nothing, so only three kinds of principal
are allowed:

- an IAM user;
- a user of IAM Identity Center: the role that Identity Center made for a permission set, and the
  user's name. Identity Center sets the session's name to the user's name, so `aws:userid` is
  `<role id>:<user name>` (IAM User Guide, "Where you can use policy variables", `aws:userid`;
  not verified on AWS for sessions of Identity Center);
- a user of a SAML identity provider: the provider and the subject that it asserts. The provider
  sets the source identity too (IAM User Guide, "Configuring SAML assertions for the authentication
  response", attribute `SourceIdentity`; not verified on AWS).

Where people also decide in Airflow, one more statement lets the API server's own principal in (the
door), with the source identity of whoever decides on that stage: it has seen them sign in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import StringConstraints, model_validator

from causeway.digests import sha256
from causeway.documents import Strict
from causeway.errors import ConfigError

#: What IAM takes in a source identity and in a session name.
_NAME = r"^[A-Za-z0-9_+=,.@-]{2,64}$"
_USER_ARN = r"^arn:aws[a-z-]*:iam::[0-9]{12}:user/[A-Za-z0-9_+=,.@/-]+$"
_SSO_ROLE_ARN: Final = re.compile(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:role/aws-reserved/sso\.amazonaws\.com/"
    r"([a-z0-9-]+/)?AWSReservedSSO_[A-Za-z0-9_+=,.@-]+"
)
_SAML_ARN = r"^arn:aws[a-z-]*:iam::[0-9]{12}:saml-provider/[A-Za-z0-9_.-]+$"
#: Where a partition's users sign in: what SAML assertions are addressed to.
_SIGN_IN: Final = {
    "aws-cn": "https://signin.amazonaws.cn/saml",
    "aws-us-gov": "https://signin.amazonaws-us-gov.com/saml",
}

#: Characters that IAM takes in a trust policy, white space not counted; the quota "Role trust
#: policy length" can be raised to the second number (IAM User Guide, "IAM and AWS STS quotas").
TRUST_LIMIT: Final = 2048
RAISED_TRUST_LIMIT: Final = 4096
#: What the rest of an approver role's trust takes of it, with some room.
_REST: Final = 300
_ASSUME: Final = ("sts:AssumeRole", "sts:SetSourceIdentity")


class PersonPrincipal(Strict):
    """What a person signs in to AWS as; exactly one of the three kinds."""

    iam_user: Annotated[str, StringConstraints(pattern=_USER_ARN)] | None = None
    role: str | None = None
    user_name: Annotated[str, StringConstraints(pattern=_NAME)] | None = None
    saml_provider: Annotated[str, StringConstraints(pattern=_SAML_ARN)] | None = None
    subject: Annotated[str, StringConstraints(pattern=r"^[^*?\s]{1,256}$")] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> PersonPrincipal:
        kinds = {
            frozenset({"iam_user"}),
            frozenset({"role", "user_name"}),
            frozenset({"saml_provider", "subject"}),
        }
        if frozenset(self.model_dump(exclude_none=True)) not in kinds:
            raise ValueError(
                "a person signs in as one of: {iam_user: ARN}, {role: ARN of a role of IAM "
                "Identity Center, user_name: its user}, {saml_provider: ARN, subject: NameID}"
            )
        if self.role is not None and not _SSO_ROLE_ARN.fullmatch(self.role):
            raise ValueError(
                f"{self.role} is no role of IAM Identity Center: whoever assumes it chooses the "
                "session's name, so it means nobody in particular; allowed: "
                "arn:aws:iam::<account>:role/aws-reserved/sso.amazonaws.com/<region>/"
                "AWSReservedSSO_<permission set>_<id>"
            )
        return self

    @property
    def arn(self) -> str:
        """The ARN of the user, role or provider."""
        return str(self.iam_user or self.role or self.saml_provider)

    @property
    def account(self) -> str:
        """The account whose administrators can sign in as this principal."""
        return self.arn.split(":")[4]

    @property
    def pair(self) -> tuple[str, str]:
        """What only one person has: two people may share a role, never the user of it."""
        return self.arn, (self.user_name or self.subject or "").lower()


#: The stages on whose entry people decide.
Decided = Literal["test", "production"]


class Person(Strict):
    """One human: source identity, Airflow user and AWS principal that all mean them.

    `decides` names the stages that they may decide on: in the registry with a principal, in Airflow
    where the topology has a door. On which models is said by each model's `approvers`.
    """

    source_identity: Annotated[str, StringConstraints(pattern=_NAME)]
    airflow_user: str
    principal: PersonPrincipal | None = None
    decides: tuple[Decided, ...] = ()


def check_people(people: Mapping[str, Person]) -> None:
    """Raise ValueError where two people share a log-in, or one uses a role that is not theirs."""
    for field in ("source_identity", "airflow_user"):
        values = [getattr(person, field) for person in people.values()]
        if len(set(values)) != len(values):
            raise ValueError(f"people: two people share one {field}; one log-in is one person")
    pairs: dict[tuple[str, str], str] = {}
    for name, person in people.items():
        if person.principal is None:
            continue
        other = pairs.setdefault(person.principal.pair, name)
        if other != name:
            raise ValueError(
                f"people: {other} and {name} have one principal, {person.principal.arn}; "
                "one principal is one person"
            )


def trust_statements(
    people: Mapping[str, Person], stage: Decided, door: str | None = None
) -> tuple[dict[str, Any], ...]:
    """Return the trust of a stage's approver role: one statement for each person who decides there.

    `door` is the API server's principal, where people decide in Airflow.

    Raises:
        ConfigError: there are more of them than a trust policy can hold.
    """
    deciding = {name: person for name, person in people.items() if stage in person.decides}
    statements = tuple(
        _statement(name, person.source_identity, person.principal)
        for name, person in deciding.items()
        if person.principal is not None
    )
    if door and deciding:
        statements += (_door_statement(door, deciding.values()),)
    if (size := trust_size(statements)) > RAISED_TRUST_LIMIT:
        raise ConfigError(
            f"people: the trust policy of the approver role of {stage} would have {size} "
            f"characters; IAM takes at most {RAISED_TRUST_LIMIT}",
            next_step="Leave the stage out of `decides` for people who decide elsewhere.",
        )
    return statements


def trust_size(statements: Iterable[Mapping[str, Any]]) -> int:
    """Return the characters of an approver role's trust policy with these statements."""
    return _REST + sum(
        len(json.dumps(statement, separators=(",", ":"))) + 1 for statement in statements
    )


def _statement(name: str, source_identity: str, principal: PersonPrincipal) -> dict[str, Any]:
    condition: dict[str, dict[str, str]] = {"StringEquals": {"sts:SourceIdentity": source_identity}}
    actions, who = list(_ASSUME), {"AWS": principal.arn}
    if principal.user_name is not None:
        condition["StringLike"] = {"aws:userid": f"*:{principal.user_name}"}
    if principal.subject is not None:
        actions[0], who = "sts:AssumeRoleWithSAML", {"Federated": principal.arn}
        condition["StringEquals"] |= {
            "SAML:aud": _SIGN_IN.get(
                principal.arn.split(":")[1], "https://signin.aws.amazon.com/saml"
            ),
            "SAML:sub": principal.subject,
        }
    return {
        "Sid": f"Person{_word(name)}",
        "Effect": "Allow",
        "Principal": who,
        "Action": actions,
        "Condition": condition,
    }


def _door_statement(door: str, deciding: Iterable[Person]) -> dict[str, Any]:
    identities = sorted(person.source_identity for person in deciding)
    return {
        "Sid": "PeopleInAirflow",
        "Effect": "Allow",
        "Principal": {"AWS": door},
        "Action": list(_ASSUME),
        "Condition": {"StringEquals": {"sts:SourceIdentity": identities}},
    }


def _word(name: str) -> str:
    """Return a name as a part of a Sid, which takes letters and digits only; unique by digest."""
    plain = "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name))
    return f"{plain}{sha256(name)[:6]}"
