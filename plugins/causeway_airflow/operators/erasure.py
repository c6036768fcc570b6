"""Operators that delete records: one deletion, and the right to erasure with its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from causeway_airflow.bases.operator import CausewayOperator
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from causeway.erasure.erasures import Request
    from causeway_airflow.results import DeletedRecord, Erased, ReportedErasure

#: The duty that deletes records, online and offline.
DUTY = "eraser"


class DeleteRecordOperator(CausewayOperator):
    """Delete one record online, softly or hard, and mark the deletion offline.

    :param feature_group: name, or another account's ARN (templated)
    :param record: the record's identifier (templated)
    :param event_time: of the deletion; later than the stored record's (templated)
    :param mode: `soft` keeps the time online, so that older writes are ignored; `hard` keeps
        nothing
    :returns: `DeletedRecord`
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

    def perform(self, context: Context) -> DeletedRecord:
        """Raises `StaleDelete` when the store would ignore the deletion."""
        from causeway_airflow.tasks.record_deletes import delete_record

        return delete_record(self.hook, self.feature_group, self.record, self.event_time, self.mode)


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
        """Return who requests the erasure of which record, and why."""
        from causeway_airflow.tasks.erasure import request_of

        run = context["dag_run"]
        return request_of(self.record, self.reason, run.triggering_user_name, str(run.run_id))


class FindRecordOperator(_ErasureOperator):
    """Find which feature groups are to be searched, and refuse before anything is deleted.

    :param use_case: the use case whose groups are searched (templated)
    :param groups: some of its groups, as text with commas between; empty: all of them (templated)
    :param only_look: only log what each group has of the record (templated)
    :returns: the names of the groups; none when it only looks
    """

    template_fields = (*_ErasureOperator.template_fields, "use_case", "groups", "only_look")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"groups": "words", "only_look": "boolean"}

    def __init__(
        self,
        *,
        use_case: str,
        groups: str | Sequence[str] = (),
        only_look: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_case = use_case
        self.groups = groups
        self.only_look = only_look

    def perform(self, context: Context) -> list[str]:
        """Raises `BadInput` for a record that no group has or had, `ConfigError` for a group."""
        from causeway_airflow.tasks.erasure import groups_to_search

        return groups_to_search(
            self.hook,
            self.use_case,
            self.groups,
            self.record,
            self.reason,
            only_look=bool(self.only_look),
        )


class EraseRecordOperator(_ErasureOperator):
    """Delete a record from one feature group: hard online, and every row of it offline.

    It may be killed at any moment and run again: the governance table says what was begun, the
    stores show what is left. The feature store's mark of the deletion stays offline. It has the
    identifier and the deletion's time, and hides rows from datasets that arrive offline later.

    :param group: the feature group's name (templated)
    :returns: `Erased`
    """

    template_fields = (*_ErasureOperator.template_fields, "group")

    def __init__(self, *, group: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.group = group

    def perform(self, context: Context) -> Erased:
        """Raises `NotArrivedYet` while the deletion has not reached the offline store."""
        from causeway_airflow.tasks.erasure import erase

        return erase(self.hook, self.group, self.request(context))


class ErasureReportOperator(_ErasureOperator):
    """Find the datasets and versions built with the record, change none, store the report.

    Datasets are read (as the trainer, who may), model versions searched (as the registry's sync).

    :param outcomes: what was erased, by group (templated)
    :returns: `ReportedErasure`
    """

    template_fields = (*_ErasureOperator.template_fields, "outcomes")

    def __init__(
        self,
        *,
        outcomes: Sequence[Erased] | XComArg,
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.outcomes: Any = outcomes

    def perform(self, context: Context) -> ReportedErasure:
        """Look, log, store."""
        from causeway_airflow.tasks.erasure_report import report

        return report(self.hook, self.request(context), list(self.outcomes))
