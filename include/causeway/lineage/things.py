"""The things of the lineage graph, and the one id that each of them has.

What two accounts hold of the same thing has one id: a file and an artifact are their digest, what
SageMaker owns is its ARN, which says whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from causeway.errors import CausewayError
from causeway.topology.arns import FeatureGroupArn, ModelPackageArn


class Kind(StrEnum):
    """What a thing is; the order is the way from raw data to the endpoint."""

    SOURCE = "data source"
    FILE = "raw file"
    CODE = "code"
    PROCESSING = "processing job"
    INGESTION = "ingestion"
    GROUP = "feature group"
    FEATURE = "feature"
    DATASET = "dataset"
    TRAINING = "training job"
    RUN = "MLflow run"
    ARTIFACT = "model artifact"
    VERSION = "model version"
    MODEL = "model"
    DECISION = "decision"
    CONFIG = "endpoint config"
    DEPLOYMENT = "deployment"
    ENDPOINT = "endpoint"
    OTHER = "other"


class Relation(StrEnum):
    """How two things belong together: the words of SageMaker (`AssociationEdgeType`)."""

    CONTRIBUTED_TO = "ContributedTo"
    ASSOCIATED_WITH = "AssociatedWith"
    DERIVED_FROM = "DerivedFrom"
    PRODUCED = "Produced"


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that others came of, or that came of others.

    `facts` are what is known of it: its address, account, person and time, as JSON values.
    """

    id: str
    kind: Kind
    name: str
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def document(self) -> dict[str, Any]:
        """The thing as JSON values."""
        return {"id": self.id, "kind": self.kind.value, "name": self.name, **self.facts}


#: S3 has one namespace of buckets in each partition, so that the ARN says no more than the URI.
_S3_ARN: Final = re.compile(r"arn:aws[a-z-]*:s3:::(?P<path>.+)")


def address(text: str) -> str:
    """Return the one form of an address: an S3 ARN as its URI, no slash or star at the end."""
    match = _S3_ARN.fullmatch(text)
    uri = f"s3://{match['path']}" if match else text
    return uri.rstrip("*").rstrip("/") if "://" in uri else uri


def source(text: str) -> Thing:
    """Return where raw data comes from."""
    uri = address(text)
    return Thing(uri, Kind.SOURCE, uri.rpartition("/")[2] or uri, {"uri": uri})


def file(sha256: str, **facts: Any) -> Thing:
    """Return the content of a raw file."""
    return Thing(f"file:{sha256}", Kind.FILE, sha256[:12], {"sha256": sha256, **facts})


def code(digest: str, **facts: Any) -> Thing:
    """Return code at one content."""
    return Thing(f"code:{digest}", Kind.CODE, digest[:12], facts)


def job(arn: str, **facts: Any) -> Thing:
    """Return a processing or training job."""
    kind = Kind.TRAINING if ":training-job/" in arn else Kind.PROCESSING
    return Thing(arn, kind, arn.rpartition("/")[2], {"account": account_of(arn), **facts})


def group(arn: str, **facts: Any) -> Thing:
    """Return a feature group, as it is defined."""
    name = FeatureGroupArn.parse(arn).name
    return Thing(arn, Kind.GROUP, name, {"account": account_of(arn), **facts})


def feature(group_arn: str, name: str) -> Thing:
    """Return a feature of a group."""
    group_name = FeatureGroupArn.parse(group_arn).name
    facts = {"account": account_of(group_arn), "feature": name}
    return Thing(f"{group_arn}#{name}", Kind.FEATURE, f"{group_name}.{name}", facts)


def dataset(digest: str, **facts: Any) -> Thing:
    """Return a dataset."""
    return Thing(f"dataset:{digest}", Kind.DATASET, digest[:12], {"sha256": digest, **facts})


def run(run_id: str, **facts: Any) -> Thing:
    """Return an MLflow run."""
    return Thing(f"mlflow:{run_id}", Kind.RUN, run_id, facts)


def artifact(sha256: str, uri: str) -> Thing:
    """Return a model artifact: its content where the digest is known, else its address."""
    if not sha256:
        return Thing(address(uri), Kind.ARTIFACT, uri.rpartition("/")[2], {"uri": uri})
    facts = {"sha256": sha256, "uri": uri}
    return Thing(f"artifact:{sha256}", Kind.ARTIFACT, sha256[:12], facts)


def version(arn: str, **facts: Any) -> Thing:
    """Return a model version."""
    parsed = ModelPackageArn.parse(arn)
    name = f"{parsed.group}/{parsed.version}"
    return Thing(arn, Kind.VERSION, name, {"account": parsed.account, **facts})


def served_package(arn: str, **facts: Any) -> Thing:
    """Return what an endpoint of others serves: a version, or a package without versions.

    AWS Marketplace has such (SageMaker API reference, `CreateModelPackage`).
    """
    try:
        return version(arn, **facts)
    except CausewayError:
        return sagemaker(arn, Kind.OTHER, **facts)


def model(arn: str, name: str, **facts: Any) -> Thing:
    """Return a model: all versions of a model package group."""
    return Thing(arn, Kind.MODEL, name, {"account": account_of(arn), **facts})


def sagemaker(arn: str, kind: Kind, **facts: Any) -> Thing:
    """Return another thing of SageMaker: an endpoint or its config."""
    return Thing(arn, kind, arn.rpartition("/")[2], {"account": account_of(arn), **facts})


def account_of(arn: str) -> str:
    """Return the account that an ARN names; empty where it names none."""
    parts = arn.split(":")
    return parts[4] if len(parts) > 5 and parts[0] == "arn" else ""
