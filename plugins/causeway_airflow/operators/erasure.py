"""Operators that delete records: one deletion, and the right to erasure with its report."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from causeway.erasure.erasures import (
    BuiltDataset,
    BuiltVersion,
    Erasure,
    ErasureReport,
    Request,
    begin,
    erasure_key,
    erasure_of,
)
from causeway.erasure.offline_rows import Held
from causeway.errors import BadInput, ConfigError, NotArrivedYet
from causeway.features.event_times import instant_of
from causeway.reporting.reports import ERASURE, Report
from causeway.topology.accounts import AccountRole
from causeway.versions.registry import DATASET, version_of
from causeway_airflow.configuration import case_of, topology, use_cases
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.hooks.governance import GovernanceHook
    from causeway_airflow.hooks.record_deletes import RecordDeletesHook

#: The duty that deletes records, online and offline.
DUTY = "eraser"
#: Seconds in which the worker waits for a deletion to arrive offline; then the task's retries do.
PATIENCE = 20.0
LOOK_SECONDS = 0.3


class DeleteRecordOperator(CausewayOperator):
    """Delete one record online, softly or hard, and mark the deletion offline.

    :param feature_group: name, or another account's ARN (templated)
    :param record: the record's identifier (templated)
    :param event_time: of the deletion; later than the stored record's (templated)
    :param mode: `soft` keeps the time online, so that older writes stay out; `hard` keeps nothing
    :returns: `{"feature_group", "record", "event_time", "was_online"}`
    """

    template_fields = (*CausewayOperator.template_fields, "feature_group", "record", "event_time")

    def __init__(
        self,
        *,
        feature_group: str,
        record: str,
        event_time: str,
        mode: Literal["soft", "hard"] = "soft",
        account_role: str = "data",
        duty: str = DUTY,
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.feature_group = feature_group
        self.record = record
        self.event_time = event_time
        self.mode = mode

    def perform(self, context: Context) -> dict[str, Any]:
        """Raises `StaleDelete` when the store would ignore the deletion."""
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook
        from causeway_airflow.hooks.record_deletes import RecordDeletesHook

        groups = FeatureGroupsHook(self.connection(), self.region_name)
        described = groups.call("describe_feature_group", FeatureGroupName=self.feature_group)
        was_online = RecordDeletesHook(self.connection(), self.region_name).delete(
            self.feature_group,
            described["EventTimeFeatureName"],
            self.record,
            self.event_time,
            hard=self.mode == "hard",
        )
        return {
            "feature_group": self.feature_group,
            "record": self.record,
            "event_time": self.event_time,
            "was_online": was_online,
        }


class _ErasureOperator(CausewayOperator):
    """A step of the erasure of one record.

    :param record: the record's identifier (templated)
    :param reason: why it is erased (templated)
    """

    template_fields = (*CausewayOperator.template_fields, "record", "reason")

    def __init__(
        self,
        *,
        record: str,
        reason: str = "",
        account_role: str = "data",
        duty: str = DUTY,
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.record = record
        self.reason = reason

    def request(self, context: Context) -> Request:
        """Return who asked for it, in the topology's words where they are known there."""
        run = context["dag_run"]
        user = run.triggering_user_name
        person = topology().person_of_airflow_user(user) or user or "nobody named"
        return Request(self.record, self.reason, person, str(run.run_id))

    @property
    def table(self) -> GovernanceHook:
        """The governance table, as its recorder."""
        from causeway_airflow.hooks.governance import GovernanceHook

        return GovernanceHook(self.connection("governance", "recorder"), self.region_name)


class FindRecordOperator(_ErasureOperator):
    """Find which feature groups are to be searched, and refuse before anything is deleted.

    :param use_case: the use case whose groups are searched (templated)
    :param groups: some of its groups, with commas between; empty for all of them (templated)
    :returns: the names of the groups
    """

    template_fields = (*_ErasureOperator.template_fields, "use_case", "groups")

    def __init__(self, *, use_case: str, groups: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_case = use_case
        self.groups = groups

    def perform(self, context: Context) -> list[str]:
        """Raises `BadInput` for a record that no group knows, `ConfigError` for a group."""
        if not self.use_case or not self.record.strip() or not self.reason.strip():
            raise BadInput(
                "an erasure needs a record, a use case and a reason; nothing was deleted",
                next_step="Trigger it with all of them; the reason stands in the report.",
            )
        case = case_of(self.use_case)
        asked = [name for name in self.groups.split(",") if name]
        names = [case.group(name).name for name in asked] or [g.name for g in case.feature_groups]
        described = {name: self._described(name) for name in names}
        if not any(self._known(name, found) for name, found in described.items()):
            raise BadInput(
                f"no record {self.record} is or was in {', '.join(names)}; nothing was deleted",
                next_step="Check the identifier: it is compared letter by letter.",
            )
        return names

    def _described(self, name: str) -> dict[str, Any]:
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook

        groups = FeatureGroupsHook(self.connection(), self.region_name)
        found = groups.call("describe_feature_group", FeatureGroupName=name)
        if (found.get("OfflineStoreConfig") or {}).get("TableFormat") == "Iceberg":
            raise ConfigError(
                f"the offline store of {name} is an Iceberg table, whose files are not rewritten "
                "one by one; nothing was deleted",
                next_step="Erase there by Athena: DELETE, then OPTIMIZE and VACUUM the table.",
            )
        return found

    def _known(self, name: str, described: dict[str, Any]) -> bool:
        from causeway_airflow.hooks.offline_objects import OfflineObjectsHook
        from causeway_airflow.hooks.record_deletes import RecordDeletesHook

        if self.table.get(erasure_key(name, self.record)) is not None:
            return True
        records = RecordDeletesHook(self.connection(), self.region_name)
        if _online_time(records, described, self.record) is not None:
            return True
        if not described.get("OfflineStoreConfig"):
            return False
        objects = OfflineObjectsHook(self.connection(), described, self.region_name)
        return any(held.rows or held.marks for held in objects.held(self.record).values())


class EraseRecordOperator(_ErasureOperator):
    """Delete a record from one feature group: hard online, and every row of it offline.

    It is killed and run again at will: what was begun is in the governance table, what is left is
    in the stores. The feature store's mark of the deletion stays offline; it holds the identifier
    and the deletion's time, and hides from datasets what of the record was still on its way.

    :param group: the feature group's name (templated)
    :returns: `{"group", "changed", "online", "rows", "versions", "event_time"}`
    """

    template_fields = (*_ErasureOperator.template_fields, "group")

    def __init__(self, *, group: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.group = group

    def perform(self, context: Context) -> dict[str, Any]:
        """Raises `NotArrivedYet` while the deletion has not reached the offline store."""
        from causeway_airflow.hooks.feature_store import FeatureGroupsHook
        from causeway_airflow.hooks.offline_objects import OfflineObjectsHook
        from causeway_airflow.hooks.record_deletes import RecordDeletesHook

        request, table = self.request(context), self.table
        groups = FeatureGroupsHook(self.connection(), self.region_name)
        described = groups.call("describe_feature_group", FeatureGroupName=self.group)
        known = erasure_of(table.get(erasure_key(self.group, self.record)))
        records = RecordDeletesHook(self.connection(), self.region_name)
        online = _online_time(records, described, self.record)
        objects, held = None, {}
        if described.get("OfflineStoreConfig"):
            objects = OfflineObjectsHook(self.connection(), described, self.region_name)
            held = objects.held(self.record)
        current = sum((one.rows for version, one in held.items() if version.latest), 0)
        whole = sum(held.values(), Held())
        erasure = begin(
            self.group,
            request,
            known,
            online,
            Held(current, whole.times, whole.marks),
            sum(bool(one.rows) for one in held.values()),
            datetime.now(UTC),
        )
        if erasure is None:
            self.log.info("%s holds nothing of record %s", self.group, self.record)
            return self._result(request, known)
        table.write(erasure.write(known))
        if (described.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"):
            # Also when the record is not online: the mark that it leaves says that whatever was
            # written before has arrived offline.
            records.delete(
                self.group,
                described["EventTimeFeatureName"],
                self.record,
                erasure.event_time,
                hard=True,
            )
            if objects is not None:
                self._arrived(objects, erasure)
        if objects is not None:
            rows, versions = objects.erase(self.record)
            self.log.info(
                "%s: %d rows in current objects, %d versions of objects", self.group, rows, versions
            )
        done = erasure.done(datetime.now(UTC))
        table.write(done.write(erasure))
        return self._result(request, done)

    def _arrived(self, objects: Any, erasure: Erasure) -> None:
        """Wait for the deletion's mark in the offline store."""
        moment, deadline = instant_of(erasure.event_time), time.monotonic() + PATIENCE
        while not any(moment in one.marks for one in objects.held(self.record).values()):
            if time.monotonic() > deadline:
                raise NotArrivedYet(
                    f"the deletion of record {self.record} at {erasure.event_time} has not reached "
                    f"the offline store of {self.group}",
                    principal=objects.principal,
                    next_step="It takes up to 15 minutes; the task looks again and goes on.",
                )
            time.sleep(LOOK_SECONDS)

    def _result(self, request: Request, erasure: Erasure | None) -> dict[str, Any]:
        mine = erasure is not None and erasure.run == request.run
        return {
            "group": self.group,
            "changed": mine,
            "online": bool(mine and erasure and erasure.online),
            "rows": erasure.rows if mine and erasure else 0,
            "versions": erasure.versions if mine and erasure else 0,
            "event_time": erasure.event_time if erasure else "",
        }


class ErasureReportOperator(_ErasureOperator):
    """Find what was built with the record, and store the report; nothing of that is changed.

    Datasets are read (as the trainer, who may), model versions searched (as the registry's sync).

    :param outcomes: what was erased, by group (templated)
    :returns: the report's summary, and `report`, the URI of its JSON
    """

    template_fields = (*_ErasureOperator.template_fields, "outcomes")

    def __init__(
        self,
        *,
        outcomes: Any,
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.outcomes = outcomes

    def perform(self, context: Context) -> dict[str, Any]:
        """Look, log, store."""
        from causeway_airflow.hooks.reports import store_report

        outcomes = tuple(dict(one) for one in self.outcomes)
        datasets = self._datasets({str(one["group"]) for one in outcomes})
        places, data = topology(), AccountRole.DATA
        made = ErasureReport(
            request=self.request(context),
            at=datetime.now(UTC),
            outcomes=outcomes,
            datasets=datasets,
            versions=self._versions({one.digest for one in datasets}),
            not_searched=(
                f"raw files: s3://{places.bucket(data)}/raw/",
                f"inputs and outputs of feature jobs: s3://{places.bucket(data)}/jobs/",
                "what queries and jobs left behind: "
                f"s3://{places.bucket(AccountRole.DATA_SCIENCE)}/datasets/queries/ and /jobs/",
                "held-out rows beside registered artifacts: "
                f"s3://{places.bucket(AccountRole.SHARED_SERVICES)}/models/",
            ),
        )
        text = made.markdown()
        self.log.info("%s", text)
        report = Report(ERASURE, made.request.run, made.at, made.summary(), made.document(), text)
        uri = store_report(report, places, self.region_name)
        return {**made.summary(), "changed": made.changed, "report": uri}

    def _datasets(self, groups: set[str]) -> tuple[BuiltDataset, ...]:
        from causeway_airflow.hooks.built_datasets import BuiltDatasetsHook

        science = AccountRole.DATA_SCIENCE
        hook = BuiltDatasetsHook(self.connection(science.value, "trainer"), self.region_name)
        found = []
        for case in use_cases():
            for uri, about in hook.all(topology().bucket(science), case.id):
                concerned = groups & set(about["groups"])
                columns = {_column(case, about, name) for name in concerned}
                if any(hook.holds(uri, column, self.record) for column in columns):
                    found.append(
                        BuiltDataset(
                            uri, about["digest"], case.id, tuple(about["groups"]), about["snapshot"]
                        )
                    )
        return tuple(sorted(found, key=lambda one: one.uri))

    def _versions(self, digests: set[str]) -> tuple[BuiltVersion, ...]:
        from causeway_airflow.hooks.registry import RegistryHook

        if not digests:
            return ()
        hook = RegistryHook(self.connection("shared_services", "registry-sync"), self.region_name)
        found = []
        for group in sorted({model.group for case in use_cases() for model in case.models}):
            for version in map(version_of, hook.search(group)):
                digest = version.metadata.get(DATASET, "")
                if digest in digests:
                    stage = version.lifecycle.stage if version.lifecycle else ""
                    found.append(
                        BuiltVersion(str(version.arn), digest, version.approval_status, stage)
                    )
        return tuple(sorted(found, key=lambda one: one.arn))


def _online_time(records: RecordDeletesHook, described: dict[str, Any], record: str) -> str | None:
    """Return the event time of the online record, None when there is none."""
    if not (described.get("OnlineStoreConfig") or {}).get("EnableOnlineStore"):
        return None
    return records.stored_time(
        described["FeatureGroupName"], described["EventTimeFeatureName"], record
    )


def _column(case: Any, about: dict[str, Any], group: str) -> str:
    """Return the dataset's column that holds a group's record identifiers."""
    held = about.get("identifiers") or {}
    return str(held.get(group) or case.feature_groups[0].record_identifier)
