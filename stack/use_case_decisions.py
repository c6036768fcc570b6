"""Decide on a use case as a person from the command line: let it go on, or send it back.

It is what the person's own tools do: their own key, the approver role of production, and `AddTags`
on a model group of the use case. What came of it is read in the governance table, as its account's
administrator.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from boto3.dynamodb.conditions import Key

from causeway.governance.gestures import Verdict
from causeway.governance.use_case_changes import REFUSED, JudgedWord, judged_word_of
from causeway.governance.use_case_guard import eligible
from causeway.governance.use_case_record import RECORDS, UseCaseRecord, record_of, words_pk
from causeway.governance.use_case_words import UseCaseWord, groups_of, tags_of
from causeway.topology.names import GOVERNANCE_TABLE
from causeway.use_cases.files import readable_use_cases, use_case
from causeway.use_cases.stages import UseCaseStage
from stack import layout
from stack.airflow_api import Airflow
from stack.decisions import JUDGED_SECONDS
from stack.local_topology import local_topology
from stack.person import Person, administrators_resource
from stack.processes import StackError

#: The log-in of Airflow that may start the sync.
ADMINISTRATOR: Final = "platform-admin"
#: Stages in which a use case waits for nobody.
SETTLED: Final = (UseCaseStage.PRODUCTION, UseCaseStage.RETIRED)


@dataclass(frozen=True)
class WaitingUseCase:
    """A recorded use case that is still on its way, and who may let it go on."""

    use_case: str
    stage: str
    next_stage: str
    approved_by: tuple[str, ...]
    people: tuple[str, ...]

    @property
    def command(self) -> str:
        """What one of them types."""
        person = self.people[0] if self.people else "…"
        return f"make approve USE_CASE={self.use_case} FOR={self.next_stage} AS={person} REASON=…"


def on_their_way(local: dict[str, Any]) -> Iterator[WaitingUseCase]:
    """Return the use cases that are recorded and not in production yet."""
    cases = {case.id: case for case in readable_use_cases(layout.USE_CASES)[0]}
    for name, record in sorted(_records(local).items()):
        if record.stage in SETTLED or name not in cases or record.stage.next is None:
            continue
        approved = tuple(e.person for e in record.approvals if e.stage is record.stage.next)
        people = eligible(record, cases[name], local_topology())
        others = tuple(person for person in people if person not in approved)
        yield WaitingUseCase(name, record.stage.value, record.stage.next.value, approved, others)


def decide(
    local: dict[str, Any], name: str, stage: str, person: str, reason: str, *, approve: bool
) -> str:
    """Say a person's word on a use case, wait until it is judged, and return what came of it.

    Args:
        local: what the running stack says of itself.
        name: the use case's id.
        stage: the stage to enter; with a rejection the one to go back to.
        person: whose word it is.
        reason: why, in one line.
        approve: the word.

    Raises:
        StackError: nobody of that name, no such record, or the word was refused.
    """
    if person not in local["people"]:
        raise StackError(f"AS={person}: use one of {', '.join(sorted(local['people']))}")
    if stage not in tuple(UseCaseStage):
        raise StackError(f"FOR={stage}: use one of {', '.join(UseCaseStage)}")
    record = _records(local).get(name)
    if record is None:
        raise StackError(f"USE_CASE={name} is not recorded: trigger platform__use_case in Airflow")
    verdict = Verdict.APPROVED if approve else Verdict.REJECTED
    word = UseCaseWord(
        name, stage, verdict.value, record.digest, " ".join(reason.split()), datetime.now(UTC)
    )
    before = {judged.word.event_id for judged in _words(local, name)}
    group = groups_of(use_case(name, layout.USE_CASES), local_topology())[0]
    Person(person, local).registry("production").add_tags(ResourceArn=group, Tags=tags_of(word))
    _wake(local)
    until = time.monotonic() + JUDGED_SECONDS
    while time.monotonic() < until:
        for judged in _words(local, name):
            if judged.word.event_id not in before and _says(judged, person, word):
                return _outcome(judged, _records(local)[name])
        time.sleep(0.5)
    raise StackError(
        f"nothing came of it in {JUDGED_SECONDS:.0f} s; look at platform__governance_sync"
    )


def _says(judged: JudgedWord, person: str, word: UseCaseWord) -> bool:
    """Tell whether a judged word is the one that a person said here, not another one's."""
    said = judged.word
    return judged.person == person and all(
        getattr(said, name) == getattr(word, name)
        for name in ("record", "stage", "verdict", "reason")
    )


def _wake(local: dict[str, Any]) -> None:
    """Start the sync: tags raise no event of the registry, and it would look in five minutes."""
    if "airflow" in local:
        users = local["airflow"]["users"]
        api = Airflow(local["airflow"]["url"], ADMINISTRATOR, users[ADMINISTRATOR]["password"])
        api.trigger("platform__governance_sync")


def _outcome(judged: JudgedWord, record: UseCaseRecord) -> str:
    if judged.outcome == REFUSED:
        raise StackError(f"refused: {judged.refusal}")
    if record.approvals:
        return f"{judged.person} approved {record.id}; it takes another person for that"
    return f"{judged.person}: {record.id} is in {record.stage.value} now"


def _records(local: dict[str, Any]) -> dict[str, UseCaseRecord]:
    return {item["sk"]: record_of(item) for item in _items(local, RECORDS)}


def _words(local: dict[str, Any], name: str) -> list[JudgedWord]:
    return [judged_word_of(item) for item in _items(local, words_pk(name))]


def _items(local: dict[str, Any], pk: str) -> list[dict[str, Any]]:
    table = administrators_resource(local, "governance", "dynamodb").Table(GOVERNANCE_TABLE)
    query: dict[str, Any] = {"KeyConditionExpression": Key("pk").eq(pk), "ConsistentRead": True}
    items: list[dict[str, Any]] = []
    while True:
        reply = table.query(**query)
        items += reply["Items"]
        if "LastEvaluatedKey" not in reply:
            return items
        query["ExclusiveStartKey"] = reply["LastEvaluatedKey"]
