"""Records of a small platform: use cases that share a group, versions, endpoints."""

from __future__ import annotations

from causeway.lineage.questions import Lineage
from causeway.lineage.records import (
    DatasetBuilt,
    Decided,
    Deployed,
    GroupDefined,
    Ingested,
    Observed,
    Record,
    VersionRegistered,
)

SAGEMAKER = "arn:aws:sagemaker:eu-central-1"
PEOPLE = f"{SAGEMAKER}:111111111111:feature-group/people"
LOANS = f"{SAGEMAKER}:111111111111:feature-group/loans"
RAW = "s3://landing/2026"
TEST, PROD = "555555555555", "666666666666"


def day(number: int) -> str:
    return f"2026-03-{number:02d}T12:00:00.000000+00:00"


def group(arn: str, *features: str) -> GroupDefined:
    return GroupDefined(arn, "credit", "data-owner", features)


def ingested(arn: str, file: str, on: int) -> Ingested:
    name = arn.rpartition("/")[2]
    return Ingested(
        group=arn,
        run=f"run-{name}-{on}",
        input_sha256=f"{on:064x}",
        began=day(on),
        finished=day(on).replace("12:00", "12:05"),
        source=f"{RAW}/{file}",
        source_sha256=f"{file:0>64}",
        source_rows=10,
        synthetic="no",
        job=f"{SAGEMAKER}:111111111111:processing-job/features-{file.partition('.')[0]}",
        code="a" * 64,
        commit="c" * 40,
        repository="git@github.com:acme/models.git",
        use_case="credit",
        stores="both",
        written=10,
    )


def dataset(digest: str, on: int, **features: tuple[str, ...]) -> DatasetBuilt:
    arns = {"people": PEOPLE, "loans": LOANS}
    return DatasetBuilt(
        digest * 64,
        uri=f"s3://causeway-data-science-222222222222-eu-central-1/datasets/{digest}/dataset.parquet",
        use_case="credit",
        features={arns[name]: names for name, names in features.items()},
        snapshot=day(on),
        query="SELECT 1",
        query_sha256="f" * 64,
        rows=10,
        synthetic="no",
    )


def arn_of(model: str, number: int) -> str:
    return f"{SAGEMAKER}:333333333333:model-package/{model}/{number}"


def version(model: str, number: int, of: str, on: int, **parameters: str) -> VersionRegistered:
    name = f"{model}-{number}"
    artifact = name.encode().hex().ljust(64, "0")
    return VersionRegistered(
        version=arn_of(model, number),
        model=model.replace("-", "_"),
        created=day(on),
        use_case="credit",
        owner="model-owner",
        artifact_sha256=artifact,
        artifact_uri=f"s3://causeway-shared-services-333333333333-eu-central-1/models/{name}/model.tar.gz",
        image="xgboost@sha256:1",
        dataset=of * 64,
        processing_job=f"{SAGEMAKER}:222222222222:processing-job/{name}-preprocess",
        training_job=f"{SAGEMAKER}:222222222222:training-job/{name}-train",
        code="s3://bucket/jobs/credit/code/bbbbbbbbbbbbbbbb/sourcedir.tar.gz",
        commit="d" * 40,
        repository="https://gitlab.example.com/acme/models",
        mlflow_run=f"run{name}",
        trained_by="trainer",
        parameters=parameters,
        metrics={"auc": 0.8},
    )


def decided(model: str, number: int, target: str, on: int, verdict: str = "approved") -> Decided:
    return Decided(
        arn_of(model, number), verdict, 1, "officer", day(on), target, "looks good", "e" * 64
    )


def endpoint_arn(model: str, account: str = PROD) -> str:
    return f"{SAGEMAKER}:{account}:endpoint/{model}"


def deployed(
    model: str, number: int, lease: int, on: int, account: str = PROD, removed: int | None = None
) -> Deployed:
    return Deployed(
        endpoint=endpoint_arn(model, account),
        config=f"{SAGEMAKER}:{account}:endpoint-config/{model}-v{number}",
        account_role="prod" if account == PROD else "test",
        model=model.replace("-", "_"),
        version=arn_of(model, number),
        number=lease,
        at=day(on),
        run=f"{model}-v{number}-1",
        removed=day(removed) if removed else "",
    )


def records() -> list[Record]:
    return [
        group(PEOPLE, "age", "income"),
        group(LOANS, "amount", "age"),
        ingested(PEOPLE, "people-1.csv", 1),
        ingested(LOANS, "loans-1.csv", 1),
        ingested(PEOPLE, "people-2.csv", 5),
        dataset("1", 3, people=("age",), loans=("amount",)),
        dataset("2", 6, people=("age", "income"), loans=("amount",)),
        dataset("3", 6, people=("income",)),
        version("credit-risk", 1, "1", 3, depth="3"),
        version("credit-risk", 2, "2", 6, depth="4"),
        version("fraud", 1, "3", 6),
        decided("credit-risk", 1, "test", 4),
        decided("credit-risk", 1, "production", 5),
        decided("credit-risk", 2, "test", 7),
        decided("credit-risk", 2, "production", 8),
        decided("fraud", 1, "test", 8, "rejected"),
        deployed("credit-risk", 1, 1, 4, TEST, removed=5),
        deployed("credit-risk", 1, 1, 6),
        deployed("credit-risk", 2, 2, 9),
        Observed(
            endpoint_arn("shadow"),
            f"{SAGEMAKER}:{PROD}:endpoint-config/shadow",
            day(10),
            versions=(arn_of("fraud", 1),),
        ),
        Observed(
            endpoint_arn("copied"),
            f"{SAGEMAKER}:{PROD}:endpoint-config/copied",
            day(10),
            artifacts=(
                "s3://causeway-shared-services-333333333333-eu-central-1/models/"
                "credit-risk-1/model.tar.gz",
                "s3://elsewhere/model.tar.gz",
            ),
        ),
    ]


def lineage() -> Lineage:
    return Lineage.of(records())
