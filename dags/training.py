"""# `<model>__training`: shared feature groups to a registered version

**What it does.** Reads the shared offline store as its consumer into one dataset; splits and
encodes it; trains the candidates side by side; logs each as an MLflow run and picks the best by its
validation metric; evaluates it on the held-out part; judges that by the gates; judges it again,
copies artifact, gate report and held-out rows to the shared bucket and registers the version,
pending approval; puts it on record for the lineage, where a failure is a warning. What is judged is
what the jobs themselves say, found by dataset and seed: neither MLflow nor an edited task result
changes it.

A model of `route: pipeline` has one task `pipeline` for splitting and training: a SageMaker
pipeline (preprocess → train → evaluate → condition on the metric gates) that Airflow starts and
follows. What comes after it is the same.

**Parameters.** `seed`: draws other candidates from the model's search space; empty means the
candidates of the use case. Another key fails the run.

**When.** When all feature groups of the use case were written, of several raw sources those of the
ones that the dataset reads; or by hand.

**Accounts touched.** data (shared features, read), data science (jobs), shared services (artifact,
version), governance (lineage).

**Re-run.** Any time. Jobs are named by their inputs, so the same inputs find their jobs, their
MLflow runs and their version; nothing is made twice. A gate that does not pass fails the run, and
nothing is registered. When another version went to production meanwhile, or a script changed, the
gate finds no evaluation: clear the tasks from `dataset` on.

**Roll back.** A registered version does nothing until people approve it: reject it.
"""

from typing import cast

from airflow.sdk import DAG, Param, XComArg

from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.assets import feature_group
from causeway_airflow.configuration import use_cases_with_dags
from causeway_airflow.dag_defaults import JOB_WAIT, dag_arguments
from causeway_airflow.operators.datasets import BuildDatasetOperator
from causeway_airflow.operators.gates import GateOperator
from causeway_airflow.operators.jobs import ProcessingJobOperator, TrainingJobOperator
from causeway_airflow.operators.lineage import RecordVersionOperator
from causeway_airflow.operators.pipelines import RunPipelineOperator
from causeway_airflow.operators.registration import RegisterModelOperator
from causeway_airflow.operators.tracking import TrackCandidatesOperator, TrackEvaluationOperator
from causeway_airflow.results import TrainedJob, result_of

DATASET = "{{ ti.xcom_pull(task_ids='dataset')['uri'] }}"
SEED = "{{ '' if params.seed is none else params.seed }}"


def parts_of(model: ModelSpec) -> str:
    """Return the template of where the task that splits the dataset left the encoded parts."""
    task_id = "pipeline" if model.training.route == "pipeline" else "preprocess"
    return f"{{{{ ti.xcom_pull(task_ids='{task_id}')['outputs']['parts'] }}}}"


def trained_by_pipeline(
    case: UseCase, model: ModelSpec, dataset: BuildDatasetOperator
) -> list[TrainedJob]:
    """Split and train in one pipeline; return the training jobs."""
    pipeline = RunPipelineOperator(
        task_id="pipeline",
        use_case=case.id,
        model=model.name,
        dataset=DATASET,
        seed=SEED,
        wait=JOB_WAIT,
    )
    dataset >> pipeline
    return cast("list[TrainedJob]", XComArg(pipeline, "jobs"))


def trained_by_tasks(
    case: UseCase, model: ModelSpec, dataset: BuildDatasetOperator
) -> list[TrainedJob]:
    """Split in one job and train the candidates side by side; return the training jobs."""
    preprocess = ProcessingJobOperator(
        task_id="preprocess",
        use_case=case.id,
        model=model.name,
        account_role="data_science",
        duty="trainer",
        wait=JOB_WAIT,
        script="preprocess.py",
        inputs={"dataset": DATASET},
        document="preprocess",
        output_name="parts",
    )
    parts = parts_of(model)
    train = TrainingJobOperator.partial(
        task_id="train",
        use_case=case.id,
        model=model.name,
        account_role="data_science",
        duty="trainer",
        wait=JOB_WAIT,
        channels={"train": f"{parts}/train", "validation": f"{parts}/validation"},
        seed=SEED,
        max_active_tis_per_dagrun=model.training.parallel,
        map_index_template="candidate {{ task.index }}",
    ).expand(index=list(range(model.training.count)))
    dataset >> preprocess >> train
    return cast("list[TrainedJob]", train.output)


def build(case: UseCase, model: ModelSpec) -> DAG:
    """Return the training DAG of a model."""
    with DAG(
        f"{model.name}__training",
        schedule=[feature_group(group.name) for group in case.groups_behind(model)],
        params={
            "seed": Param(
                None,
                type=["null", "integer"],
                minimum=0,
                title="Seed of other candidates",
                description="Empty: the candidates of the use case",
            )
        },
        **dag_arguments("use-case", "training", doc=__doc__, owner=model.trainer, use_case=case.id),
    ) as dag:
        # The offline store and a fresh share may take minutes to show.
        dataset = BuildDatasetOperator(
            task_id="dataset", use_case=case.id, model=model.name, retries=6
        )
        train = trained_by_pipeline if model.training.route == "pipeline" else trained_by_tasks
        jobs, parts = train(case, model, dataset), parts_of(model)
        track = TrackCandidatesOperator(
            task_id="track",
            use_case=case.id,
            model=model.name,
            jobs=jobs,
            dataset=result_of(dataset),
        )
        evaluate = ProcessingJobOperator(
            task_id="evaluate",
            use_case=case.id,
            model=model.name,
            account_role="data_science",
            duty="trainer",
            wait=JOB_WAIT,
            script="evaluate.py",
            inputs={
                "model": "{{ ti.xcom_pull(task_ids='track')['model_uri'] }}",
                "test": f"{parts}/test",
                "raw": f"{parts}/evaluation",
                "production": "{{ ti.xcom_pull(task_ids='track')['production_uri'] }}",
            },
            document="evaluation",
            output_name="evaluation",
        )
        evaluation = "{{ ti.xcom_pull(task_ids='evaluate')['outputs']['evaluation'] }}"
        log_evaluation = TrackEvaluationOperator(
            task_id="log_evaluation",
            use_case=case.id,
            model=model.name,
            best=result_of(track),
            evaluation=evaluation,
        )
        gate = GateOperator(
            task_id="gate",
            use_case=case.id,
            model=model.name,
            dataset=DATASET,
            seed=SEED,
        )
        register = RegisterModelOperator(
            task_id="register",
            use_case=case.id,
            model=model.name,
            dataset=DATASET,
            seed=SEED,
            report="{{ ti.xcom_pull(task_ids='gate')['report_sha256'] }}",
            mlflow_run="{{ ti.xcom_pull(task_ids='track')['mlflow_run'] }}",
        )
        lineage = RecordVersionOperator(
            task_id="lineage",
            use_case=case.id,
            model=model.name,
            version_arn="{{ ti.xcom_pull(task_ids='register')['version_arn'] }}",
        )
        track >> evaluate >> gate >> register >> lineage
        evaluate >> log_evaluation
    return dag


for use_case in use_cases_with_dags():
    for model_spec in use_case.models:
        build(use_case, model_spec)
