"""The result of a demonstration, read from the accounts themselves, not from the DAGs."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from boto3.dynamodb.conditions import Key

from causeway.digests import Digest
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.topology.names import GOVERNANCE_TABLE
from causeway.use_cases.labels import classes_of
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.keys import decisions_pk, version_pk
from causeway.versions.registry import held_out_key
from stack.local_topology import local_topology
from stack.person import administrator, administrators_resource

STAGES = ("development", "test", "preproduction", "production", "retired")


def version_label(version_arn: str) -> str:
    """Return `<group>-v<version>`, the head of a promotion's run id."""
    arn = ModelPackageArn.parse(version_arn)
    return f"{arn.group}-v{arn.version}"


def predict(
    local: dict[str, Any], case: UseCase, model: ModelSpec, registered: dict[str, Any]
) -> dict[str, Any]:
    """Return the production endpoint's prediction for the first held-out row of the version."""
    bucket = local_topology().bucket(AccountRole.SHARED_SERVICES)
    key = held_out_key(model.name, Digest(registered["artifact_sha256"]))
    held_out = administrator(local, "shared_services", "s3").get_object(Bucket=bucket, Key=key)
    row = next(csv.DictReader(io.StringIO(held_out["Body"].read().decode())))
    record_id = next(iter(row.values()))  # the held-out rows begin with it
    label = row.pop(model.training.label)
    body = io.StringIO()
    writer = csv.DictWriter(body, row.keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerow(row)
    reply = administrator(local, "prod", "sagemaker-runtime").invoke_endpoint(
        EndpointName=model.endpoint, ContentType="text/csv", Accept="text/csv", Body=body.getvalue()
    )
    answer = [float(part) for part in reply["Body"].read().decode().split()[0].split(",")]
    return {"record_id": record_id, **said(case, model, answer, label)}


def said(case: UseCase, model: ModelSpec, answer: list[float], label: str) -> dict[str, Any]:
    """Return what an endpoint answered for a row, as figures and in the use case's words.

    Args:
        case: the use case, whose codes have names.
        model: the model that answered.
        answer: a value, the probability of the favourable of two classes, or one of each class.
        label: what the file says of the row.
    """
    feature = case.columns(model)[model.training.label]
    training = model.training
    if model.problem_type == "regression":
        unit = f" {feature.unit}" if feature and feature.unit else ""
        value, truth = (number * training.label_scale for number in (answer[0], float(label)))
        return {
            "value": answer[0],
            "label": float(label),
            "words": f"{training.label} {value:,.6g}{unit}",
            "label_words": f"{truth:,.6g}{unit}",
        }
    codes = (
        {str(code): meaning for code, meaning in (feature.codes or {}).items()} if feature else {}
    )
    names = [codes.get(each, each) for each in classes_of(training, model.problem_type, feature)]
    shares = [1 - answer[0], answer[0]] if len(answer) == 1 else answer
    likeliest = shares.index(max(shares))
    figures: dict[str, Any] = {"probabilities": dict(zip(names, shares, strict=True))}
    if len(answer) == 1:
        figures["probability"] = answer[0]
        likeliest = int(answer[0] >= training.threshold)
    return figures | {
        "label": codes.get(label, label),
        "label_words": codes.get(label, label),
        "words": f"{training.label} {names[likeliest]}, with probability {shares[likeliest]:.3f}",
    }


def summary(
    local: dict[str, Any],
    case: UseCase,
    version_arn: str,
    data: str | None,
    prediction: dict[str, Any],
) -> dict[str, Any]:
    """Return version, stages with status, approver and metrics, endpoint and prediction."""
    return {
        "use_case": case.id,
        "data": f"synthetic sample (seeded), schema of {_described(case)}"
        if data in (None, "sample")
        else data,
        "model_version_arn": version_arn,
        "stages": _stages(local, version_arn),
        "endpoint": {"account": local["accounts"]["prod"]["id"], "name": case.models[0].endpoint},
        "prediction": prediction,
    }


def _described(case: UseCase) -> str:
    return "; ".join(source.data.description for source in case.raw_sources)


def _stages(local: dict[str, Any], version_arn: str) -> list[dict[str, Any]]:
    table = administrators_resource(local, "governance", "dynamodb").Table(GOVERNANCE_TABLE)

    def items(pk: str, kind: str) -> list[dict[str, Any]]:
        of_version = Key("pk").eq(pk) & Key("sk").begins_with(kind)
        answer: list[dict[str, Any]] = table.query(
            KeyConditionExpression=of_version, ConsistentRead=True
        )["Items"]
        return answer

    version = ModelPackageArn.parse(version_arn)
    approvers = {
        item["target_stage"]: item["person"]
        for item in items(decisions_pk(version), "DECISION#")
        if item["verdict"] == "approved"
    }
    records = items(version_pk(version), "STAGE#")
    return [
        {
            "stage": item["stage"],
            "status": item["status"],
            "approver": approvers.get(item["stage"]),
            "metrics": json.loads(item["validation_metrics"]),
        }
        for item in sorted(records, key=lambda item: STAGES.index(item["stage"]))
    ]
