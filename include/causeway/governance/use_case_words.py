"""Words on a use case: tags that a person sets on a model group of it, as CloudTrail recorded them.

`AddTags` is a management event (CloudTrail User Guide, "Logging management events"; SageMaker is
not among the services whose tags are data events), so its history names the session, the source
identity and the tags. That a record of `AddTags` has the tags as `requestParameters.tags` of `key`
and `value` is not verified on AWS. Tags stay on the group and prove nothing: the call does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from causeway.governance.gestures import Verdict
from causeway.instants import instant, moment
from causeway.plain_texts import LONGEST, decoded, encoded
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.arns import ModelPackageGroupArn
from causeway.use_cases.stages import UseCaseStage
from causeway.use_cases.use_case import UseCase

#: The call that says a word on a use case.
SAYING: Final = "AddTags"
USE_CASE: Final = "causeway:use-case"
STAGE: Final = "causeway:use-case-stage"
VERDICT: Final = "causeway:use-case-verdict"
RECORD: Final = "causeway:use-case-record"
REASON: Final = "causeway:use-case-reason"
#: The tags of a word, in the order in which people write them.
TAGS: Final = (USE_CASE, STAGE, VERDICT, RECORD, REASON)
REASON_LENGTH: Final = LONGEST


@dataclass(frozen=True)
class UseCaseWord:
    """What somebody says of a use case; `call` is where, empty while it was not said yet.

    An approval names the stage to enter, a rejection the stage to go back to. `record` is the
    digest of what was decided on.
    """

    use_case: str
    stage: str
    verdict: str
    record: str
    reason: str
    at: datetime
    principal: str | None = None
    identity: str | None = None
    role: str | None = None
    event_id: str = ""
    group: str = ""


def word_of(event: str) -> UseCaseWord | None:
    """Read a CloudTrail event; None for a call that failed or set tags of something else.

    Whatever shape an event has, it is a word or none: one that is odd stops no other.
    """
    document = _map(_parsed(event))
    named = document.get("eventName") == SAYING
    ours = named and document.get("eventSource") == "sagemaker.amazonaws.com"
    at, event_id = _time(document.get("eventTime")), _text(document.get("eventID"))
    if not ours or document.get("errorCode") or at is None or not event_id:
        return None
    parameters = _map(document.get("requestParameters"))
    tags = _tags(parameters.get("tags"))
    if not tags.get(USE_CASE):
        return None
    who = _map(document.get("userIdentity"))
    session = _map(who.get("sessionContext"))
    return UseCaseWord(
        use_case=tags[USE_CASE],
        stage=tags.get(STAGE, ""),
        verdict=tags.get(VERDICT, ""),
        record=tags.get(RECORD, ""),
        reason=decoded(tags.get(REASON, "")),
        at=at,
        principal=_text(who.get("arn")) or None,
        identity=_text(session.get("sourceIdentity")) or None,
        role=_text(_map(session.get("sessionIssuer")).get("arn")) or None,
        event_id=event_id,
        group=_text(parameters.get("resourceArn")),
    )


def tags_of(word: UseCaseWord) -> list[dict[str, str]]:
    """Return the tags that say a word; `BadInput` when AWS does not take the reason."""
    values = (
        word.use_case,
        word.stage,
        word.verdict,
        word.record,
        encoded(word.reason, "the reason"),
    )
    return [{"Key": key, "Value": value} for key, value in zip(TAGS, values, strict=True)]


def groups_of(case: UseCase, topology: Topology) -> tuple[str, ...]:
    """Return the model groups on which words on a use case are said, the first one by our doors."""
    return tuple(
        str(ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, model.group))
        for model in case.models
    )


def sorted_words(events: Iterable[str]) -> list[UseCaseWord]:
    """Return the words among CloudTrail's events, the first said first.

    Calls of one second have no order; a rejection counts as the last of them.
    """
    words = [word for event in events if (word := word_of(event)) is not None]
    return sorted(words, key=lambda word: (word.at, word.verdict == Verdict.REJECTED))


def word_item(word: UseCaseWord) -> dict[str, Any]:
    """Write a word as a part of an item."""
    values = vars(word) | {"at": instant(word.at)}
    return {name: value for name, value in values.items() if value}


def word_of_item(item: Mapping[str, Any]) -> UseCaseWord:
    """Read a word from the part of an item."""
    texts = {name: item.get(name, "") for name in ("stage", "verdict", "record", "reason", "group")}
    return UseCaseWord(
        use_case=item["use_case"],
        at=moment(item["at"]),
        principal=item.get("principal"),
        identity=item.get("identity"),
        role=item.get("role"),
        event_id=item.get("event_id", ""),
        **texts,
    )


def is_stage(text: str) -> bool:
    """Tell whether a text names a stage of use cases."""
    return text in tuple(UseCaseStage)


def _tags(value: Any) -> dict[str, str]:
    pairs = map(_map, value if isinstance(value, list) else ())
    return {_text(_of(pair, "key")): _text(_of(pair, "value")) for pair in pairs}


def _of(tag: Mapping[str, Any], name: str) -> Any:
    return tag.get(name, tag.get(name.capitalize(), ""))


def _parsed(event: str) -> Any:
    try:
        return json.loads(event)
    except ValueError:
        return None


def _time(value: Any) -> datetime | None:
    try:
        return moment(_text(value))
    except (ValueError, OverflowError):
        return None


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
