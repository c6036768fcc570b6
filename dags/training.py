"""# `<model>__training`: shared feature groups to a registered version

**What it does.** Reads the shared offline store as its consumer into one dataset; splits and
encodes it; trains the candidates side by side; logs each as an MLflow run and picks the best by its
validation metric; evaluates it on the held-out part; holds that against the gates; copies artifact,
gate report and held-out rows to the shared bucket and registers the version, pending approval.

A model of `route: pipeline` has one task `pipeline` for splitting and training: a SageMaker
pipeline (preprocess → train → evaluate → condition on the metric gates) that Airflow starts and
follows. What comes after it is the same.

**Parameters.** `seed`: draws other candidates from the model's search space; empty means the
candidates of the use case.

**When.** When all feature groups of the use case were written, or by hand.

**Accounts touched.** data (shared features, read), data science (jobs), shared services (artifact,
version).

**Re-run.** Any time. Jobs are named by their inputs, so the same inputs find their jobs, their
MLflow runs and their version; nothing is made twice. A gate that does not pass fails the run, and
nothing is registered.

**Roll back.** A registered version does nothing until people approve it: reject it.
"""

from airflow.sdk import DAG, Param

from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.assets import feature_group
from causeway_airflow.configuration import use_cases
from causeway_airflow.dag_defaults import JOB_WAIT, dag_arguments
from causeway_airflow.operators.datasets import BuildDatasetOperator
from causeway_airflow.operators.gates import GateOperator
from causeway_airflow.operators.jobs import ProcessingJobOperator, TrainingJobOperator
from causeway_airflow.operators.pipelines import RunPipelineOperator
from causeway_airflow.operators.registration import RegisterModelOperator
from causeway_airflow.operators.tracking import TrackCandidatesOperator, TrackEvaluationOperator

DATASET = "{{ ti.xcom_pull(task_ids='dataset')['uri'] }}"
SEED = "{{ '' if params.seed is none else params.seed }}"


def parts_of(task_id: str) -> str:
    """Return the template of where a task left the encoded parts."""
    return f"{{{{ ti.xcom_pull(task_ids='{task_id}')['outputs']['parts'] }}}}"


def build(case: UseCase, model: ModelSpec) -> DAG:
    """Return the training DAG of a model."""
    about = {"use_case": case.id, "model": model.name}
    job = {**about, "account_role": "data_science", "duty": "trainer", "wait": JOB_WAIT}
    with DAG(
        f"{model.name}__training",
        schedule=[feature_group(group.name) for group in case.feature_groups],
        params={
            "seed": Param(
                None,
                type=["null", "integer"],
                minimum=0,
                title="Seed of other candidates",
                description="Empty: the candidates of the use case",
            )
        },
        **dag_arguments("use-case", "training", doc=__doc__, owner=model.trainer),
    ) as dag:
        # The offline store and a fresh share may take minutes to show.
        dataset = BuildDatasetOperator(task_id="dataset", retries=6, **about)
        if model.training.route == "pipeline":
            split = pipeline = RunPipelineOperator(
                task_id="pipeline", dataset=DATASET, seed=SEED, wait=JOB_WAIT, **about
            )
            jobs = pipeline.output["jobs"]
        else:
            split = ProcessingJobOperator(
                task_id="preprocess",
                script="preprocess.py",
                inputs={"dataset": DATASET},
                document="preprocess",
                output_name="parts",
                **job,
            )
            parts = parts_of(split.task_id)
            train = TrainingJobOperator.partial(
                task_id="train",
                channels={"train": f"{parts}/train", "validation": f"{parts}/validation"},
                seed=SEED,
                max_active_tis_per_dagrun=model.training.parallel,
                map_index_template="candidate {{ task.index }}",
                **job,
            ).expand(index=list(range(model.training.count)))
            split >> train
            jobs = train.output
        parts = parts_of(split.task_id)
        track = TrackCandidatesOperator(task_id="track", jobs=jobs, dataset=dataset.output, **about)
        evaluate = ProcessingJobOperator(
            task_id="evaluate",
            script="evaluate.py",
            inputs={
                "model": "{{ ti.xcom_pull(task_ids='track')['model_uri'] }}",
                "test": f"{parts}/test",
                "raw": f"{parts}/evaluation",
                "production": "{{ ti.xcom_pull(task_ids='track')['production_uri'] }}",
            },
            document="evaluation",
            output_name="evaluation",
            **job,
        )
        evaluation = "{{ ti.xcom_pull(task_ids='evaluate')['outputs']['evaluation'] }}"
        log_evaluation = TrackEvaluationOperator(
            task_id="log_evaluation", best=track.output, evaluation=evaluation, **about
        )
        gate = GateOperator(
            task_id="gate",
            best=track.output,
            evaluation=evaluation,
            dataset=dataset.output,
            **about,
        )
        register = RegisterModelOperator(
            task_id="register",
            best=track.output,
            gate=gate.output,
            held_out=f"{parts}/evaluation/test.csv",
            dataset=dataset.output,
            **about,
        )
        dataset >> split >> track >> evaluate >> gate >> register
        evaluate >> log_evaluation
    return dag


for use_case in use_cases():
    for model_spec in use_case.models:
        build(use_case, model_spec)
