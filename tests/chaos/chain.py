"""The tasks of the chain, from shares to an endpoint, each with the effects it has."""

from __future__ import annotations

from typing import Any

from tests.chaos.conftest import Step

ABOUT = {"use_case": "credit_risk", "model": "credit_risk"}
JOB = {**ABOUT, "account_role": "data_science", "duty": "trainer"}
CONSUMERS = ("data_science", "test", "prod")
#: Of the raw file: enough for every class in every part of the split.
ROWS = 100

PUT = "s3:PutObject"
CREATE_GROUP = "sagemaker:CreateFeatureGroup"
CREATE_SHARE = "ram:CreateResourceShare"
ASSOCIATE = "ram:AssociateResourceShare"
ACCEPT = "ram:AcceptResourceShareInvitation"
WRITE_RECORDS = "sagemaker-featurestore-runtime:BatchWriteRecord"
PROCESS = "sagemaker:CreateProcessingJob"
TRAIN = "sagemaker:CreateTrainingJob"
CREATE_CARD = "sagemaker:CreateModelCard"
UPDATE_CARD = "sagemaker:UpdateModelCard"
REGISTER = "sagemaker:CreateModelPackage"
CREATE_MODEL = "sagemaker:CreateModel"
CREATE_CONFIG = "sagemaker:CreateEndpointConfig"
CREATE_ENDPOINT = "sagemaker:CreateEndpoint"
WRITE_ITEM = "dynamodb:TransactWriteItems"
TAKE_LEASE = "dynamodb:UpdateItem"

#: The one version that is promoted is its group's first.
PROMOTION_RUN = "credit-risk-v1-1"

READ_FEATURES = "causeway-features-credit-risk-read"
REGISTER_MODELS = "causeway-models-credit-risk-register"
DEPLOY_MODELS = "causeway-models-credit-risk-deploy"

DEFINE = Step("sharing:DefineFeatureGroupsOperator")
POLICIES = Step(
    "policies:ConvergePoliciesOperator", {"account_role": "data", "duty": "data-sharer"}
)
VALIDATE = Step(
    "features:ValidateRawOperator", {"use_case": "credit_risk", "data": "sample", "rows": ROWS}
)
DATASET = Step("datasets:BuildDatasetOperator", ABOUT)
CARDS = Step("model_cards:EnsureModelCardsOperator")
SYNC = Step("governance:SyncOperator")


#: Of what is declared, that which this chain has to share: no card, no lineage.
SHARES = {
    "data": ("causeway-catalog-discover", READ_FEATURES),
    "shared_services": (REGISTER_MODELS, DEPLOY_MODELS),
}


def share(role: str) -> list[Step]:
    """Return the tasks that share what an owner has."""
    return [
        Step("sharing:ConvergeShareOperator", {"account_role": role, "share": name})
        for name in SHARES[role]
    ]


def accept(role: str) -> Step:
    names = [DEPLOY_MODELS]
    if role == "data_science":
        names = [*SHARES["data"], REGISTER_MODELS]
    return Step("sharing:AcceptInvitationsOperator", {"account_role": role, "shares": names})


def engineer(raw: dict[str, Any]) -> Step:
    return Step(
        "jobs:ProcessingJobOperator",
        {
            "use_case": "credit_risk",
            "account_role": "data",
            "duty": "ingester",
            "script": "features.py",
            "inputs": {"rows": raw["rows_uri"]},
            "document": "contract",
            "output_name": "features",
        },
    )


def ingest(engineered: dict[str, Any], raw: dict[str, Any]) -> Step:
    source = engineered["outputs"]["features"]
    about = {"use_case": "credit_risk", "source": source, "raw": raw}
    return Step("features:FeatureIngestOperator", about)


def preprocess(dataset: dict[str, Any]) -> Step:
    return Step(
        "jobs:ProcessingJobOperator",
        {
            **JOB,
            "script": "preprocess.py",
            "inputs": {"dataset": dataset["uri"]},
            "document": "preprocess",
            "output_name": "parts",
        },
    )


def train(parts: str, index: int = 0) -> Step:
    channels = {name: f"{parts}/{name}" for name in ("train", "validation")}
    return Step("jobs:TrainingJobOperator", {**JOB, "index": index, "channels": channels})


def evaluate(parts: str, job: dict[str, Any]) -> Step:
    return Step(
        "jobs:ProcessingJobOperator",
        {
            **JOB,
            "script": "evaluate.py",
            "inputs": {
                "model": job["model_uri"],
                "test": f"{parts}/test",
                "raw": f"{parts}/evaluation",
                "production": "",
            },
            "document": "evaluation",
            "output_name": "evaluation",
        },
    )


def gate(dataset: dict[str, Any]) -> Step:
    return Step("gates:GateOperator", {**ABOUT, "dataset": dataset["uri"]})


def register(dataset: dict[str, Any], report: str) -> Step:
    """Register the best; tracking is stood in for by what it would return."""
    about = {**ABOUT, "dataset": dataset["uri"], "report": report, "mlflow_run": "0" * 32}
    return Step("registration:RegisterModelOperator", about)


def hand_over_for_test(version_arn: str) -> Step:
    return Step(
        "model_cards:HandOverCardOperator",
        {**ABOUT, "version_arn": version_arn, "attempt": 1, "hand_over": "test"},
        PROMOTION_RUN,
    )


def deploy(version_arn: str, role: str = "test") -> Step:
    return Step(
        "endpoints:DeployEndpointOperator",
        {**ABOUT, "account_role": role, "version_arn": version_arn, "attempt": 1},
        PROMOTION_RUN,
    )
