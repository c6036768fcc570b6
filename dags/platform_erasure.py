"""# platform__erasure: a record leaves the feature store

**What it does.** Deletes one record from feature groups, hard: from the online store, and from
every Parquet object of the offline store, old versions of the objects included. Other records
stay as they are. A report (JSON, Markdown) in the governance account's bucket says what was
deleted, and lists the datasets that contain the record and the model versions that were trained on
them. Those are not changed: people decide about them.

**Parameters.** `record`: the identifier. `use_case`, `feature_groups` (some of its groups;
empty: all of them, which a use case with several raw sources refuses, because the ids of each are
its own). `reason`: is written into the report; name nothing there that must be erased.
`dry_run`: only say what each group has of the record, in the log of `find`; the rest is skipped.

**When.** By hand, when a person requests it. An ingestion of the same file does not write the
record again: it keeps erased records out, up to the event time of their erasure. The raw file still
holds the record; take it out there, too.

**Accounts touched.** data, as the eraser; data science and shared services (read only);
governance, as the recorder.

**Re-run.** Any time, also after it was killed: it goes on with what is left. Where nothing is
left it changes nothing and says so. On AWS a deletion takes up to 15 minutes to reach the
offline store; the task waits by its retries.

**What stays.** The feature store's mark of the deletion (identifier and time, no feature),
which hides rows of the record from datasets that arrive offline later; the item `ERASURE#<group>`
and the report; what the report lists as built with the record or as not searched.

**Roll back.** There is none: the record is gone. If it was the wrong one, ingest it again with a
later event time than that of its erasure, which stands in the report.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param

from causeway_airflow.configuration import use_cases
from causeway_airflow.dag_defaults import dag_arguments
from causeway_airflow.operators.erasure import (
    EraseRecordOperator,
    ErasureReportOperator,
    FindRecordOperator,
)

ABOUT = {"record": "{{ params.record }}", "reason": "{{ params.reason }}"}

with DAG(
    "platform__erasure",
    schedule=None,
    params={
        "record": Param(None, type=["null", "string"], title="Record identifier"),
        "use_case": Param(
            None,
            type=["null", "string"],
            enum=[None, *(case.id for case in use_cases())],
            title="Use case",
        ),
        "feature_groups": Param(
            [],
            type="array",
            items={"type": "string"},
            title="Feature groups",
            description="Some of the use case's; empty: all of them, unless it has several sources",
        ),
        "reason": Param(None, type=["null", "string"], title="Reason, for the report"),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Only say what each group has of the record, in the log of `find`",
        ),
    },
    **dag_arguments("platform", "features", doc=__doc__),
):
    find = FindRecordOperator(
        task_id="find",
        use_case="{{ params.use_case or '' }}",
        groups="{{ params.feature_groups | join(',') }}",
        record="{{ params.record or '' }}",
        reason="{{ params.reason or '' }}",
        only_look="{{ params.dry_run }}",
    )
    erase = EraseRecordOperator.partial(
        task_id="erase",
        map_index_template="{{ task.group }}",
        retries=8,
        execution_timeout=timedelta(hours=2),
        **ABOUT,
    ).expand(group=find.output)
    report = ErasureReportOperator(task_id="report", outcomes=erase.output, **ABOUT)
    find >> erase >> report
