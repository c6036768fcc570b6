"""Discovery: which feature groups and features an account may find, and what it may do with them.

It joins what SageMaker's `Search` shows a consumer (its own groups, and all groups of accounts
whose catalog is shared with it), what RAM shares with it, what the use cases declare, and what the
last ingestion recorded. Finding a group does not mean being allowed to read it: each hit says which
applies. `Search` does not show the tags of another account's group (Feature Store guide). So tags
and owner come from the group's contract where this project has one; else the owner is the one that
the features' parameters or the group's tags name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from causeway.instants import instant
from causeway.topology.accounts import Topology
from causeway.topology.arns import FeatureGroupArn
from causeway.use_cases.contracts import FeatureGroup


class Access(StrEnum):
    """What the asking account may do with a group."""

    OWN = "own"
    SHARED = "shared"
    DISCOVERABLE = "discoverable, not shared"


@dataclass(frozen=True)
class Question:
    """What to look for; all given criteria must match, ignoring case.

    `text` stands in the name or description of the group or of one of its features, or in a
    feature's parameters; `tag` is `key` or `key=value` of the group, or a word among the tags of a
    feature; `type` is a feature type.
    """

    text: str = ""
    owner: str = ""
    tag: str = ""
    type: str = ""


@dataclass(frozen=True)
class FeatureHit:
    """One feature of a hit."""

    name: str
    type: str
    description: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)

    def mentions(self, text: str) -> bool:
        """Tell whether name, description or parameters hold the text (in lower case)."""
        words = (self.name, self.description, *self.parameters, *self.parameters.values())
        return any(text in word.lower() for word in words)

    def tagged(self, tag: str) -> bool:
        """Tell whether a word is among the feature's tags."""
        return tag in self.parameters.get("tags", "").split()


@dataclass(frozen=True)
class Hit:
    """One feature group that answers a question, with the features that do."""

    arn: str
    name: str
    account: str
    description: str
    owner: str
    tags: Mapping[str, str]
    features: tuple[FeatureHit, ...]
    #: When records were last ingested as far as this project knows; else when it was changed.
    updated: str
    #: Whether that is longer ago than the contract allows; None where nothing is allowed or known.
    stale: bool | None
    access: Access
    #: What to do to get access; empty when there is access.
    ask: str
    #: The accounts that are declared to have access.
    consumers: tuple[str, ...]

    @property
    def access_text(self) -> str:
        """What the account may do, and whom to ask where that is nothing."""
        return f"{self.access.value}: {self.ask}" if self.ask else self.access.value

    def document(self) -> dict[str, Any]:
        """Return the hit as JSON-able values."""
        return {**asdict(self), "access_text": self.access_text}


@dataclass(frozen=True)
class DiscoveryContext:
    """What this project knows beside what AWS shows, by feature group ARN."""

    topology: Topology
    account: str
    #: ARNs that RAM shows to the account as shared with it.
    shared: frozenset[str] = frozenset()
    #: The contracts of this project, and whose the groups are.
    contracts: Mapping[str, FeatureGroup] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    consumers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ingested: Mapping[str, datetime] = field(default_factory=dict)
    #: The time of the question; None: nothing is judged to be stale.
    now: datetime | None = None


def answer(
    question: Question,
    groups: Iterable[Mapping[str, Any]],
    features: Iterable[Mapping[str, Any]],
    context: DiscoveryContext,
) -> tuple[Hit, ...]:
    """Return the groups that answer a question, ordered by account and name.

    `groups` and `features` are `FeatureGroup` and `FeatureMetadata` records of `Search`. A hit
    lists the features that match where the question is about features, else all of them.
    """
    described: dict[str, dict[str, FeatureHit]] = {}
    for record in features:
        described.setdefault(record["FeatureGroupArn"], {})[record["FeatureName"]] = FeatureHit(
            record["FeatureName"],
            record["FeatureType"],
            record.get("Description", ""),
            {parameter["Key"]: parameter["Value"] for parameter in record.get("Parameters") or ()},
        )
    hits = (
        _hit(question, group, described.get(group["FeatureGroupArn"], {}), context)
        for group in groups
    )
    return tuple(sorted((h for h in hits if h), key=lambda hit: (hit.account, hit.name)))


def _hit(
    question: Question,
    record: Mapping[str, Any],
    described: Mapping[str, FeatureHit],
    context: DiscoveryContext,
) -> Hit | None:
    arn, name = record["FeatureGroupArn"], record["FeatureGroupName"]
    contract = context.contracts.get(arn)
    features = tuple(
        described.get(definition["FeatureName"])
        or FeatureHit(definition["FeatureName"], definition["FeatureType"])
        for definition in record["FeatureDefinitions"]
    )
    tags = dict(contract.tags) if contract else {}
    tags |= {tag["Key"]: tag["Value"] for tag in record.get("Tags") or ()}
    owner = context.owners.get(arn) or _named_owner(features, tags)
    description = record.get("Description", "")
    text = question.text.lower()
    whole = any(text in words.lower() for words in (name, description))
    tagged = _tagged(tags, question.tag)
    matching = tuple(
        feature
        for feature in features
        if (whole or feature.mentions(text))
        and question.type.lower() in ("", feature.type.lower())
        and (tagged or feature.tagged(question.tag))
    )
    if not matching or question.owner.lower() not in owner.lower():
        return None
    account = FeatureGroupArn.parse(arn).account
    access = _access(arn, account, context)
    changed = context.ingested.get(arn) or record.get("LastModifiedTime") or record["CreationTime"]
    return Hit(
        arn=arn,
        name=name,
        account=account,
        description=description,
        owner=owner,
        tags=tags,
        features=matching,
        updated=instant(changed),
        stale=_stale(contract, context.ingested.get(arn), context.now),
        access=access,
        ask=_ask(name, owner, account, context) if access is Access.DISCOVERABLE else "",
        consumers=tuple(context.consumers.get(arn, ())),
    )


def _named_owner(features: Sequence[FeatureHit], tags: Mapping[str, str]) -> str:
    """Return whom a group of another project names as its owner."""
    owners = [
        feature.parameters["owner"] for feature in features if feature.parameters.get("owner")
    ]
    return (owners and owners[0]) or tags.get("causeway:owner") or tags.get("owner", "")


def _stale(
    contract: FeatureGroup | None, ingested: datetime | None, now: datetime | None
) -> bool | None:
    if contract is None or contract.fresh_hours is None or ingested is None or now is None:
        return None
    return now - ingested > timedelta(hours=contract.fresh_hours)


def _access(arn: str, account: str, context: DiscoveryContext) -> Access:
    if account == context.account:
        return Access.OWN
    return Access.SHARED if arn in context.shared else Access.DISCOVERABLE


def _ask(name: str, owner: str, account: str, context: DiscoveryContext) -> str:
    roles = ", ".join(role.value for role in context.topology.roles_of(account))
    whom = owner or f"the owner of account {account}"
    return f"ask {whom} for a grant on {name}" + (f" (account role {roles})" if roles else "")


def _tagged(tags: Mapping[str, str], tag: str) -> bool:
    if not tag:
        return True
    key, separator, value = tag.partition("=")
    return key in tags and (not separator or tags[key] == value)


COLUMNS: Final = (
    *("feature group", "account", "owner", "updated", "access", "consumers", "features"),
)


def table(hits: Sequence[Hit]) -> str:
    """Return the hits as a text table for a log, with whom to ask below it."""
    if not hits:
        return "no feature group answers the question"
    rows = [COLUMNS, *(_row(hit) for hit in hits)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, *sorted({hit.access_text for hit in hits if hit.ask})])


def _row(hit: Hit) -> tuple[str, ...]:
    names = ", ".join(feature.name for feature in hit.features[:6])
    more = f" and {len(hit.features) - 6} more" if len(hit.features) > 6 else ""
    return (
        hit.name,
        hit.account,
        hit.owner or "-",
        hit.updated[:16] + (" (stale)" if hit.stale else ""),
        hit.access.value,
        " ".join(hit.consumers) or "-",
        names + more,
    )
