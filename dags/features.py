"""# `<use case>__features`: raw file to feature groups

**What it does.** Checks the raw file against the use case's contract, row by row, before anything
is written; stores it under its digest; runs the feature engineering as a processing job in the data
account; writes the records that are new or differ into the feature groups; puts that on record for
the lineage, where a failure is a warning.

A use case with several raw sources has these three tasks for each, in a group of its name. The
sources are independent: each file is checked, engineered and written by itself.

**Parameters.** `source`, where the use case has several: the one that `data` is a file of, whose
tasks are the ones that run; or `all`, which takes `published` or `sample` for each of them.
`data`: an `s3://` URI, `published` for the file at the public address in the
contract (https, checked by digest), or, on the local AWS, the name of a file in the inbox
(`CAUSEWAY_INBOX`) or `sample`, the seeded synthetic sample of the use case; without it nothing
happens. `as_of`: the day whose state the file describes, which becomes the event time of its
records; empty means the date in the contract. `rows`, `sample_seed`: of the sample.
`sample_over_records`: write the sample although the groups hold records of another source.
`stores`: `both`, `online`, or `offline`, a bulk backfill that writes Parquet objects and needs no
call for each record. A key that is none of these fails the run.

**When.** By hand. Its feature groups are assets: when it ends, the trainings of the use case start;
with several sources, when all of those that a model reads have brought something.

**Accounts touched.** data, as the ingester; governance, as the recorder (summaries, erasures) and
as the lineage keeper.

**Re-run.** Any time. The same file with the same `as_of` is stored once, its job is adopted, and no
record is written again, online or offline; erased records are kept out. A corrected file needs a
later `as_of`: the online store replaces a record only by one with a later event time, so records
that differ under the same event time fail, and nothing of them is written. A file with an earlier
`as_of` than what is stored goes to the offline store alone, and does so again at each re-run.

**Roll back.** Run it with the previous file and an `as_of` that is later than that of the bad one.
Records that only the bad file had stay: delete them in the feature store.
"""

from typing import Any

from airflow.sdk import DAG, Param, TaskGroup, TriggerRule

from causeway.use_cases.raw_sources import EVERY_SOURCE
from causeway.use_cases.use_case import UseCase
from causeway_airflow.configuration import use_cases_with_dags
from causeway_airflow.dag_defaults import JOB_WAIT, dag_arguments
from causeway_airflow.operators.features import FeatureIngestOperator, ValidateRawOperator
from causeway_airflow.operators.jobs import ProcessingJobOperator
from causeway_airflow.operators.lineage import RecordFeaturesOperator
from causeway_airflow.results import result_of

DATA = {
    "data": Param(
        None,
        type=["null", "string"],
        title="Raw file",
        description="s3://…, `published`; local AWS: a file in the inbox, or `sample`",
    ),
    "as_of": Param(
        None,
        type=["null", "string"],
        pattern=r"^(\d{4}-\d{2}-\d{2}(T.+)?)?$",
        title="As of",
        description="The day that the file describes, 2026-01-31; empty: the contract's",
    ),
    "rows": Param(1000, type="integer", minimum=50, title="Rows of the sample"),
    "sample_seed": Param(0, type="integer", minimum=0, title="Seed of the sample"),
    "sample_over_records": Param(
        False,
        type="boolean",
        title="Sample over records",
        description="Write the sample although there are records of another source",
    ),
    "stores": Param("both", type="string", enum=["both", "online", "offline"], title="Write to"),
}


def parameters(case: UseCase) -> dict[str, Any]:
    """Return the parameters of a use case's DAG; one with several sources is told which."""
    if len(case.raw_sources) == 1:
        return DATA
    names = [source.name for source in case.raw_sources]
    source = Param(
        type="string",
        enum=[*names, EVERY_SOURCE],
        title="Source",
        description=f"What the raw file is of; `{EVERY_SOURCE}` takes `published` or `sample`",
    )
    return {"source": source, **DATA}


def ingest(case: UseCase, raw_source: str | None = None) -> FeatureIngestOperator:
    """Add the tasks of one raw file to the DAG; of several, those of a source in its group.

    Returns the last one.
    """
    group = f"{raw_source}." if raw_source else ""
    validate = ValidateRawOperator(
        task_id="validate",
        use_case=case.id,
        data="{{ params.data }}",
        as_of="{{ params.as_of }}",
        rows="{{ params.rows }}",
        sample_seed="{{ params.sample_seed }}",
        sample_over_records="{{ params.sample_over_records }}",
        raw_source=raw_source,
        chosen="{{ params.source }}" if raw_source else None,
    )
    engineer = ProcessingJobOperator(
        task_id="engineer",
        use_case=case.id,
        account_role="data",
        duty="ingester",
        script="features.py",
        inputs={"rows": f"{{{{ ti.xcom_pull(task_ids='{group}validate')['rows_uri'] }}}}"},
        document="contract",
        as_of=f"{{{{ ti.xcom_pull(task_ids='{group}validate')['as_of'] }}}}",
        raw_source=raw_source,
        output_name="features",
        wait=JOB_WAIT,
    )
    written = FeatureIngestOperator(
        task_id="ingest",
        use_case=case.id,
        source=f"{{{{ ti.xcom_pull(task_ids='{group}engineer')['outputs']['features'] }}}}",
        stores="{{ params.stores }}",
        job=f"{{{{ ti.xcom_pull(task_ids='{group}engineer')['job'] }}}}",
        raw=result_of(validate),
        raw_source=raw_source,
    )
    validate >> engineer >> written
    return written


def build(case: UseCase) -> DAG:
    """Return the features DAG of a use case."""
    with DAG(
        f"{case.id}__features",
        schedule=None,
        params=parameters(case),
        **dag_arguments("use-case", "features", doc=__doc__, owner=case.owner, use_case=case.id),
    ) as dag:
        written = []
        if len(case.raw_sources) == 1:
            written.append(ingest(case))
        else:
            for source in case.raw_sources:
                with TaskGroup(str(source.name), tooltip=source.data.description):
                    written.append(ingest(case, source.name))
        # Sources that a run leaves out are skipped.
        written >> RecordFeaturesOperator(
            task_id="lineage",
            use_case=case.id,
            trigger_rule=TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS,
        )
    return dag


for use_case in use_cases_with_dags():
    build(use_case)
