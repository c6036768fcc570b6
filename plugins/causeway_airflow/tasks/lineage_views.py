"""What SageMaker cannot know by itself, written into its lineage where things live.

It records what jobs read and write. What lacks is what the project does between them: which feature
groups a job's output went into, and of which groups a dataset was joined. Feature groups go by
their ARN and the name that AWS's `ml-lineage-helper` gives them, raw files by their address.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import Final

from causeway.digests import sha256
from causeway.lineage.records import DatasetBuilt, Ingested, Record
from causeway.lineage.things import Relation
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import FeatureGroupArn
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.sagemaker_lineage import SageMakerLineageHook
from causeway_airflow.tasks.acting import Hooks

log = logging.getLogger(__name__)

INGESTER: Final = (AccountRole.DATA, "ingester")
TRAINER: Final = (AccountRole.DATA_SCIENCE, "trainer")


def write(hook: Hooks, records: Iterable[Record]) -> str:
    """Write what records add to SageMaker's lineage; return what prevented it, if anything."""
    try:
        for record in records:
            if isinstance(record, Ingested) and record.job:
                _ingested(hook(SageMakerLineageHook, *INGESTER), record)
            elif isinstance(record, DatasetBuilt) and record.uri:
                _dataset(hook(SageMakerLineageHook, *TRAINER), record)
    except AwsCallError as error:
        log.warning("SageMaker's lineage lacks a part until the next run: %s", error)
        return str(error)
    return ""


def _ingested(lineage: SageMakerLineageHook, record: Ingested) -> None:
    job, _, name = record.job.rpartition(":processing-job/")
    component = f"{job}:experiment-trial-component/{name}-aws-processing-job"
    if "://" in record.source:
        lineage.associate(_data(lineage, record.source), component, Relation.CONTRIBUTED_TO)
    lineage.associate(component, _group(lineage, record.group), Relation.PRODUCED)


def _dataset(lineage: SageMakerLineageHook, record: DatasetBuilt) -> None:
    dataset = _data(lineage, record.uri)
    for arn in record.features:
        lineage.associate(_group(lineage, arn), dataset, Relation.CONTRIBUTED_TO)


def _data(lineage: SageMakerLineageHook, uri: str) -> str:
    return lineage.artifact(uri, "DataSet", f"data-{sha256(uri)[:16]}")


def _group(lineage: SageMakerLineageHook, arn: str) -> str:
    name = re.sub(r"[^a-zA-Z0-9]+", "-", FeatureGroupArn.parse(arn).name).strip("-")
    return lineage.artifact(arn, "FeatureGroup", f"fg-{name}")
