"""People who record use cases and say words on them, on the local AWS that tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway.governance.use_case_record import chain_of, record_key, words_pk
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import (
    sync,
)
from tests.plugins.conftest import context

if TYPE_CHECKING:
    from causeway.governance.use_case_changes import JudgedWord
    from causeway.governance.use_case_record import UseCaseRecord
    from causeway_airflow.hooks.stage_table import StageTableHook

CASE = "credit_risk"
#: One whose chain has no locked head yet: heads stay when a chain is taken away.
OTHER = "california_housing"
GROUP = "arn:aws:sagemaker:eu-central-1:333333333333:model-package-group/credit-risk"
TEXTS = {
    "stakeholders": "applicants, the credit department",
    "mitigation": "a person decides, rows are weighed by group",
    "oversight": "the credit department looks at each refusal",
}


def table(duty: str = "recorder") -> StageTableHook:
    from causeway_airflow.hooks.stage_table import StageTableHook

    return StageTableHook(f"causeway_governance_{duty}")


def record(use_case: str = CASE, user: str | None = "ml-engineer", **answers: str) -> Any:
    """Run the task of the DAG, as whoever is signed in."""
    from causeway_airflow.operators.use_cases import RecordUseCaseOperator

    operator = RecordUseCaseOperator(task_id="record", use_case=use_case, **(TEXTS | answers))
    return operator.execute(context(user=user))


def read(use_case: str = CASE) -> UseCaseRecord:
    found = table().use_case(use_case)
    assert found is not None
    return found


def last_word(use_case: str = CASE) -> JudgedWord:
    return max(table().judged_words(use_case), key=lambda each: (each.word.at, each.judged_at))


class People:
    """Those who say words on use cases."""

    def __init__(self, platform: LocalPlatform) -> None:
        self.platform = platform

    def say(
        self,
        person: str,
        stage: str,
        verdict: str = "approved",
        reason: str = "because",
        *,
        digest: str | None = None,
        client: Any = None,
        use_case: str = CASE,
    ) -> None:
        """Say a word with the person's own key; the sync judges it later."""
        client = client or self.platform.person(person, "production")
        tags = {
            "causeway:use-case": use_case,
            "causeway:use-case-stage": stage,
            "causeway:use-case-verdict": verdict,
            "causeway:use-case-record": digest or read(use_case).digest,
            "causeway:use-case-reason": reason,
        }
        client.add_tags(ResourceArn=GROUP, Tags=[{"Key": k, "Value": v} for k, v in tags.items()])

    def both(self, stage: str) -> None:
        """Have the two people approve it whom a use case of high risk takes."""
        for person in ("governance-officer", "risk-officer"):
            self.say(person, stage)
            sync()


def forget(platform: LocalPlatform, case: str = CASE) -> None:
    """Take a use case out of the table, its words and its chain, as an administrator."""
    database = platform.client("dynamodb", "governance")
    items = [
        *([record_key(case).item()] if table().use_case(case) else []),
        *table().query(words_pk(case)),
        *table().query(f"AUDIT#{chain_of(case)}"),
    ]
    for item in items:
        key = {name: {"S": item[name]} for name in ("pk", "sk")}
        database.delete_item(TableName="causeway-governance", Key=key)


def write(record: UseCaseRecord) -> None:
    """Write a record as the decider, past the guard."""
    from causeway.governance.use_case_changes import recorded

    change = recorded(record, read(), "somebody", "run-1", "444444444444")
    assert table("decider").record([change])


def chain_breaks(case: str = CASE) -> list[Any]:
    from causeway_airflow.tasks.audit import look

    return look(table("audit_keeper"), chain_of(case), [])[0]
