"""What the auditors saw in one account, in a form that travels between tasks.

An owner's sight holds shares and resource policies, a consumer's its roles and invitations; an
account may be both.
"""

from __future__ import annotations

from pydantic import Field

from causeway.documents import Strict

#: A policy document, as JSON.
Document = str


class SeenShare(Strict):
    """A share as its owner sees it; the actions are those of its permissions, in lower case."""

    arn: str
    name: str
    status: str
    resources: dict[str, str]
    principals: dict[str, str]
    actions: tuple[str, ...]


class SeenRole(Strict):
    """A role's policies by name (inline) or ARN (attached), and its permissions boundary."""

    identity: dict[str, Document]
    boundary: Document | None = None


class LakeGrant(Strict):
    """A grant of Lake Formation on a table, or on every table of a database (`table` is None)."""

    principal: str
    database: str
    table: str | None
    permissions: tuple[str, ...]


class SeenInvitation(Strict):
    """An invitation that an account received."""

    share_arn: str
    share_name: str
    sender: str
    status: str


class Sight(Strict):
    """What was seen in one account."""

    account: str
    region: str
    shares: tuple[SeenShare, ...] = ()
    #: Resource policies by the resource's ARN; None: looked for, and there is none.
    policies: dict[str, Document | None] = Field(default_factory=dict)
    #: What Lake Formation lists of the tables of the offline store.
    lake: tuple[LakeGrant, ...] = ()
    #: The ARN of the key behind each alias, by the alias's ARN.
    keys: dict[str, str] = Field(default_factory=dict)
    #: The shared resources that exist.
    existing: tuple[str, ...] = ()
    #: The status of each model card, by its ARN; grants may hold it back until a later one.
    cards: dict[str, str] = Field(default_factory=dict)
    #: The ARN of the latest version of each model group, and one key of each place that checks
    #: name: something for the probes to ask about.
    versions: dict[str, str] = Field(default_factory=dict)
    samples: dict[str, str] = Field(default_factory=dict)
    roles: dict[str, SeenRole] = Field(default_factory=dict)
    invitations: tuple[SeenInvitation, ...] = ()
