"""# `<model>__lineage_report`: all that a version came of, for who audits it

**What it does.** Stores what is on record of a version as Markdown, PDF and JSON: raw data,
ingestions, features, dataset, code, jobs, artifact, the people and their decisions, and which
endpoints served it when.

**Parameters.** `version`: the number of a version; empty for the one that is live in production.

**When.** By hand.

**Accounts touched.** governance: the lineage is read, the report is stored.

**Re-run.** Any time: a report of the same day is written over, and the bucket keeps each version.

**Roll back.** Nothing to roll back.
"""

from airflow.sdk import DAG, Param

from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.configuration import use_cases_with_dags
from causeway_airflow.dag_defaults import dag_arguments
from causeway_airflow.operators.lineage_reports import LineageReportOperator


def build(case: UseCase, model: ModelSpec) -> DAG:
    """Return the DAG that reports on a model's version."""
    with DAG(
        f"{model.name}__lineage_report",
        schedule=None,
        params={
            "version": Param(
                default=None,
                type=["null", "integer"],
                minimum=1,
                title="Version (empty: the one that is live)",
            )
        },
        **dag_arguments("use-case", "governance", doc=__doc__, owner=case.owner, use_case=case.id),
    ) as dag:
        LineageReportOperator(task_id="write", use_case=case.id, model=model.name)
    return dag


for use_case in use_cases_with_dags():
    for model_spec in use_case.models:
        build(use_case, model_spec)
