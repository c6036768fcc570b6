"""The governance table in the domain's values: what it holds about a version and an endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from causeway.deployment.leases import HISTORY, Lease, Live, lease_key, lease_of, live_key, live_of
from causeway.governance.audit import Action, AuditEntry, UnreadableEntry, chain_pk, entry_as_it_is
from causeway.governance.clearance import Standing
from causeway.governance.decisions import (
    Decision,
    Facts,
    Revocation,
    decision_of,
    facts_of_item,
    revocation_of,
)
from causeway.governance.sync_changes import VersionState
from causeway.governance.table import (
    Attention,
    Promotion,
    RecordedRefusal,
    promotion_of,
    record_of,
    refusal_of,
)
from causeway.governance.use_case_changes import JudgedWord, judged_word_of
from causeway.governance.use_case_record import RECORDS as USE_CASE_RECORDS
from causeway.governance.use_case_record import UseCaseRecord, record_key, words_pk
from causeway.governance.use_case_record import record_of as use_case_record_of
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.keys import decisions_pk, promotion_key, version_pk
from causeway.versions.stages import Stage, StageRecord
from causeway_airflow.hooks.audited_table import AuditedTableHook

#: A page of a query is up to a megabyte, about a thousand entries.
PAGES_OF_A_CHAIN: Final = 5


class StageTableHook(AuditedTableHook):
    """Records, decisions, promotions, leases."""

    def state(self, version: ModelPackageArn) -> VersionState:
        """Return what the table holds about a version."""
        records: dict[Stage, StageRecord] = {}
        refused: set[str] = set()
        promotion = None
        for item in self.query(version_pk(version)):
            kind, _, rest = item["sk"].partition("#")
            if kind == "STAGE":
                record = record_of(item)
                records[record.stage] = record
            elif kind == "PROMOTION":
                promotion = promotion_of(item)
            elif kind == "REFUSAL":
                refused.add(rest)
        facts, decisions, revocations = self._decided(version)
        return VersionState(
            records, decisions, promotion, facts, revocations, refused=frozenset(refused)
        )

    def standing(self, version: ModelPackageArn, attempt: int) -> Standing:
        """Return what was decided in a promotion attempt, and on what."""
        facts, decisions, revocations = self._decided(version)
        return Standing(
            attempt,
            facts,
            [decision for decision in decisions if decision.attempt == attempt],
            next((stop for stop in revocations if stop.attempt == attempt), None),
        )

    def _decided(
        self, version: ModelPackageArn
    ) -> tuple[Facts | None, tuple[Decision, ...], tuple[Revocation, ...]]:
        facts = None
        decisions: list[Decision] = []
        revocations: list[Revocation] = []
        for item in self.query(decisions_pk(version)):
            kind = item["sk"].partition("#")[0]
            if kind == "FACTS":
                facts = facts_of_item(item)
            elif kind == "DECISION":
                decisions.append(decision_of(item))
            elif kind == "REVOCATION":
                revocations.append(revocation_of(item))
        return facts, tuple(decisions), tuple(revocations)

    def versions(
        self, group: str, count: int, below: int | None = None
    ) -> tuple[list[StageRecord], int | None]:
        """Return the records of a group's newest versions, and below which number to go on.

        Args:
            group: the model package group.
            count: how many versions at the most.
            below: only versions with a lower number.
        """
        limit = count * len(Stage)  # a version has a record in each stage at the most
        bound = ("version", below) if below is not None else None
        items = self.newest("versions", "model_group", group, limit, bound)
        records = [record_of(item) for item in items]
        numbers = sorted({record.version for record in records}, reverse=True)
        if len(items) == limit and len(numbers) > 1:
            numbers.pop()  # its records may go on behind the limit
        shown = numbers[:count]
        more = len(items) == limit or len(numbers) > count
        page = [record for record in records if record.version in shown]
        return page, (shown[-1] if more and shown else None)

    def attention(self, why: Attention, count: int) -> list[StageRecord]:
        """Return the records that people have to look at for a reason, the latest first."""
        items = self.newest("attention", "attention", why.value, count, None)
        return [record_of(item) for item in items]

    def refusals(self, version: ModelPackageArn) -> list[RecordedRefusal]:
        """Return the gestures on a version that were refused, the latest first."""
        items = self.query(version_pk(version))
        refused = [refusal_of(item) for item in items if item["sk"].startswith("REFUSAL#")]
        return sorted(refused, key=lambda refusal: refusal.refused_at, reverse=True)

    def entries(self, version: ModelPackageArn) -> tuple[list[AuditEntry | UnreadableEntry], bool]:
        """Return a version's entries in the audit, the latest first, and whether these are all.

        The chain is its group's: it is read from its end until the version was first seen, for a
        few pages at the most.
        """
        entries: list[AuditEntry | UnreadableEntry] = []
        start: dict[str, Any] = {}
        for _ in range(PAGES_OF_A_CHAIN):
            reply = self.call(
                "query",
                TableName=self.table,
                KeyConditionExpression="pk = :pk",
                FilterExpression="subject = :subject",
                ExpressionAttributeValues=self._encode(
                    {":pk": chain_pk(version.group), ":subject": str(version)}
                ),
                ScanIndexForward=False,
                **start,
            )
            items = [self._decode(raw) for raw in reply["Items"]]
            entries += map(entry_as_it_is, items)
            whole = not reply.get("LastEvaluatedKey")
            if whole or (items and items[-1].get("action") == Action.SEEN):
                return entries, True
            start = {"ExclusiveStartKey": reply["LastEvaluatedKey"]}
        return entries, False

    def use_case(self, use_case_id: str) -> UseCaseRecord | None:
        """Return the record of a use case, or None."""
        key = record_key(use_case_id)
        item = self.get_many([key]).get(key)
        return use_case_record_of(item) if item else None

    def use_cases(self) -> dict[str, UseCaseRecord]:
        """Return the records of all use cases, by id."""
        return {item["sk"]: use_case_record_of(item) for item in self.query(USE_CASE_RECORDS)}

    def judged_words(self, use_case_id: str) -> list[JudgedWord]:
        """Return the words on a use case that were judged, the last said first."""
        words = [judged_word_of(item) for item in self.query(words_pk(use_case_id))]
        return sorted(words, key=lambda judged: judged.word.at, reverse=True)

    def promotion(self, version: ModelPackageArn) -> Promotion | None:
        """Return a version's latest promotion, or None."""
        item = self.get(promotion_key(version))
        return promotion_of(item) if item else None

    def lease(self, role: AccountRole, model: str) -> Lease | None:
        """Return the lease on a model's endpoint in an account role, or None."""
        item = self.get(lease_key(role, model))
        return lease_of(item) if item else None

    def live(self, role: AccountRole, model: str) -> Live | None:
        """Return what a model's endpoint serves in an account role, or None."""
        item = self.get(live_key(role, model))
        return live_of(item) if item else None

    def live_in(
        self, models: Iterable[str], roles: Iterable[AccountRole]
    ) -> dict[tuple[AccountRole, str], Live]:
        """Return what the endpoints of models serve, by account role and model."""
        endpoints = {live_key(role, model): (role, model) for model in models for role in roles}
        items = self.get_many(endpoints)
        return {endpoints[key]: live_of(item) for key, item in items.items()}

    def history(self, role: AccountRole, model: str) -> list[Live]:
        """Return what a model's endpoint served in an account role, the first deployment first."""
        items = self.query(live_key(role, model).pk)
        return [live_of(item) for item in items if item["sk"].startswith(HISTORY)]
