"""The section `access` of a use case or a topology: who may do what, with what, until when.

A rule names resources, one grant and its receivers. What the rules amount to at a given time is
worked out in `causeway.sharing.grants`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

from pydantic import Field, field_validator, model_validator

from causeway.documents import Strict
from causeway.names import DashedName


class ResourceKind(StrEnum):
    """What can be shared; the values are the words of the configuration."""

    FEATURE_CATALOG = "feature_catalog"
    FEATURE_GROUPS = "feature_groups"
    MODEL_GROUPS = "model_groups"
    MODEL_CARDS = "model_cards"
    LINEAGE_GROUP = "lineage_group"


class Grant(StrEnum):
    """What a receiver may do with what is shared."""

    DISCOVER = "discover"
    READ = "read"
    READ_WRITE = "read_write"
    ADMIN = "admin"
    REGISTER = "register"
    DEPLOY = "deploy"
    REVIEW = "review"
    EXPORT = "export"


#: The grants that each kind of resource knows; docs/sharing.md says what each of them allows.
GRANTS_OF: Final[Mapping[ResourceKind, tuple[Grant, ...]]] = MappingProxyType(
    {
        ResourceKind.FEATURE_CATALOG: (Grant.DISCOVER,),
        ResourceKind.FEATURE_GROUPS: (Grant.READ, Grant.READ_WRITE, Grant.ADMIN),
        ResourceKind.MODEL_GROUPS: (Grant.REGISTER, Grant.DEPLOY, Grant.REVIEW, Grant.ADMIN),
        ResourceKind.MODEL_CARDS: (Grant.READ, Grant.READ_WRITE, Grant.EXPORT),
        # A lineage group is shared whole, with one list of actions, or not at all.
        ResourceKind.LINEAGE_GROUP: (Grant.READ_WRITE,),
    }
)

#: An account only has one of these.
WHOLE_ACCOUNT: Final = frozenset({ResourceKind.FEATURE_CATALOG, ResourceKind.LINEAGE_GROUP})

#: The word for everybody in the organisation.
ORGANISATION: Final = "organisation"
_RECEIVER = re.compile(
    r"\d{12}|[a-z]+(_[a-z]+)*|ou-[0-9a-z]{4,32}-[0-9a-z]{8,32}"
    r"|arn:aws[a-z-]*:organizations::\d{12}:(organization/o-[a-z0-9]{10,32}"
    r"|ou/o-[a-z0-9]{10,32}/ou-[0-9a-z]{4,32}-[0-9a-z]{8,32})"
)

Route = Literal["ram", "policy"]

#: The statuses of a model card, from the first to the last. A card is created as a draft.
CARD_STATUSES: Final = ("Draft", "PendingReview", "Approved", "Archived")
CardStatusName = Literal["Draft", "PendingReview", "Approved", "Archived"]


class AccessRule(Strict):
    """One line of the access model.

    `names` and `tags` choose among the feature groups (by their name or the tags of their
    contract), model groups and model cards (by the name of the model's group); without them all
    are meant. `to` holds account roles, account ids, organisational units or `organisation`.
    `of` names the owning account roles, where the kind of resource does not say it by itself.
    `label` ends the share's name; by default it is the grant. `from_status` holds a model card's
    share back until the card has come so far; what was shared once stays shared.
    """

    resource: ResourceKind
    grant: Grant
    to: tuple[str, ...] = Field(min_length=1)
    names: tuple[DashedName, ...] = ()
    tags: dict[str, str] = Field(default_factory=dict)
    until: datetime | None = None
    of: tuple[str, ...] = ()
    label: DashedName | None = None
    route: Route = "ram"
    from_status: CardStatusName = "Draft"

    @field_validator("to", mode="before")
    @classmethod
    def _accounts_are_text(cls, value: object) -> object:
        for receiver in value if isinstance(value, list | tuple) else ():
            if not isinstance(receiver, str) or not _RECEIVER.fullmatch(receiver):
                raise ValueError(
                    f"{receiver!r} is no receiver; allowed: an account role, an account id in "
                    "quotes, an organisational unit's id or ARN, `organisation` or its ARN"
                )
        return value

    @field_validator("until")
    @classmethod
    def _in_utc(cls, value: datetime | None) -> datetime | None:
        # A day means its first moment: the grant holds until the day before is over.
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value

    @model_validator(mode="after")
    def _consistent(self) -> AccessRule:
        allowed = GRANTS_OF[self.resource]
        if self.grant not in allowed:
            raise ValueError(
                f"{self.resource.value} cannot be shared to {self.grant.value}; allowed: "
                f"{', '.join(grant.value for grant in allowed)}"
            )
        if self.resource in WHOLE_ACCOUNT and (self.names or self.tags):
            raise ValueError(f"{self.resource.value} is one per account: leave out names and tags")
        if self.tags and self.resource is not ResourceKind.FEATURE_GROUPS:
            raise ValueError(f"tags choose among feature groups only, not {self.resource.value}")
        if self.of and self.resource is not ResourceKind.LINEAGE_GROUP:
            raise ValueError(f"the owner of {self.resource.value} is known: leave out `of`")
        if self.route == "policy" and self.resource is not ResourceKind.MODEL_GROUPS:
            raise ValueError(f"only model_groups have a resource policy, not {self.resource.value}")
        if self.from_status != "Draft" and self.resource is not ResourceKind.MODEL_CARDS:
            raise ValueError(f"only model_cards have a status, not {self.resource.value}")
        return self

    @property
    def share_label(self) -> str:
        """The last part of the share's name."""
        return self.label or self.grant.value.replace("_", "-")

    def holds(self, now: datetime) -> bool:
        """Tell whether the rule has not expired."""
        return self.until is None or now < self.until
