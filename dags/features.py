"""# `<use case>__features`: raw file to feature groups

**What it does.** Checks the raw file against the use case's contract, row by row, before anything
is written; stores it under its digest; runs the feature engineering as a processing job in the data
account; writes the records that are new or differ into the feature groups.

**Parameters.** `data`: an `s3://` URI, `published` for the file at the public address in the
contract (https, checked by digest), or, on the local AWS, the name of a file in the inbox
(`CAUSEWAY_INBOX`) or `sample`, the seeded synthetic sample of the use case; without it nothing
happens. `as_of`: the day whose state the file describes, which becomes the event time of its
records; empty means the date in the contract. `rows`, `sample_seed`: of the sample.
`sample_over_records`: write the sample although the groups hold records of another source.
`stores`: `both`, `online`, or `offline`, a bulk backfill that writes Parquet objects and needs no
call for each record. A key that is none of these fails the run.

**When.** By hand. Its feature groups are assets: when it ends, the trainings of the use case start.

**Accounts touched.** data, as the ingester; governance, as the recorder (summaries, erasures).

**Re-run.** Any time. The same file with the same `as_of` is stored once, its job is adopted, and no
record is written again, online or offline; erased records are kept out. A corrected file needs a
later `as_of`: the online store replaces a record only by one with a later event time, so records
that differ under the same event time fail, and nothing of them is written. A file with an earlier
`as_of` than what is stored goes to the offline store alone, and does so again at each re-run.

**Roll back.** Run it with the previous file and an `as_of` that is later than that of the bad one.
Records that only the bad file had stay: delete them in the feature store.
"""

from airflow.sdk import DAG, Param

from causeway.use_cases.use_case import UseCase
from causeway_airflow.configuration import use_cases
from causeway_airflow.dag_defaults import JOB_WAIT, dag_arguments
from causeway_airflow.operators.features import FeatureIngestOperator, ValidateRawOperator
from causeway_airflow.operators.jobs import ProcessingJobOperator
from causeway_airflow.results import result_of


def build(case: UseCase) -> DAG:
    """Return the features DAG of a use case."""
    with DAG(
        f"{case.id}__features",
        schedule=None,
        params={
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
            "stores": Param(
                "both", type="string", enum=["both", "online", "offline"], title="Write to"
            ),
        },
        **dag_arguments("use-case", "features", doc=__doc__, owner=case.owner, use_case=case.id),
    ) as dag:
        validate = ValidateRawOperator(
            task_id="validate",
            use_case=case.id,
            data="{{ params.data }}",
            as_of="{{ params.as_of }}",
            rows="{{ params.rows }}",
            sample_seed="{{ params.sample_seed }}",
            sample_over_records="{{ params.sample_over_records }}",
        )
        engineer = ProcessingJobOperator(
            task_id="engineer",
            use_case=case.id,
            account_role="data",
            duty="ingester",
            script="features.py",
            inputs={"rows": "{{ ti.xcom_pull(task_ids='validate')['rows_uri'] }}"},
            document="contract",
            as_of="{{ ti.xcom_pull(task_ids='validate')['as_of'] }}",
            output_name="features",
            wait=JOB_WAIT,
        )
        ingest = FeatureIngestOperator(
            task_id="ingest",
            use_case=case.id,
            source="{{ ti.xcom_pull(task_ids='engineer')['outputs']['features'] }}",
            stores="{{ params.stores }}",
            job="{{ ti.xcom_pull(task_ids='engineer')['job'] }}",
            raw=result_of(validate),
        )
        validate >> engineer >> ingest
    return dag


for use_case in use_cases():
    build(use_case)
