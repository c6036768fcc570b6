"""What a run did, put on record for the lineage; and everything read in again.

The sources are what the feature store, the registry, the table and the endpoints hold, never what
tasks hand to each other: so a run that could not record anything is made good by the next one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from causeway.digests import Digest
from causeway.errors import CausewayError, UnexpectedState
from causeway.features.health import health_key
from causeway.items import Key
from causeway.lineage.observations import (
    dataset_built,
    decided,
    deployed,
    generated_by,
    group_defined,
    ingested,
    stopped,
    version_registered,
)
from causeway.lineage.records import DatasetBuilt, Record, VersionRegistered
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn, TrainingJobArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import DATASET, RegistryVersion, version_of
from causeway_airflow.configuration import code_version, topology, use_cases
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.hooks.jobs import JobsHook
from causeway_airflow.hooks.lineage import LineageHook
from causeway_airflow.hooks.registry import RegistryHook
from causeway_airflow.results import RecordedLineage
from causeway_airflow.tasks import lineage_views as views
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.boards import table_of
from causeway_airflow.tasks.datasets import described
from causeway_airflow.tasks.jobs import uri_of
from causeway_airflow.tasks.lineage_endpoints import endpoints_of_others

log = logging.getLogger(__name__)

KEEPER: Final = (AccountRole.GOVERNANCE, "lineage-keeper")
READER: Final = (AccountRole.GOVERNANCE, "table-reader")
REGISTRY: Final = (AccountRole.SHARED_SERVICES, "registry-sync")
INGESTER: Final = (AccountRole.DATA, "ingester")
TRAINER: Final = (AccountRole.DATA_SCIENCE, "trainer")
#: The accounts that versions are deployed into.
SERVING: Final = (AccountRole.TEST, AccountRole.PROD)
READERS: Final = 8


def record(hook: Hooks, read: Callable[[], Iterable[Record]]) -> RecordedLineage:
    """Put on record what is read; whatever fails is a warning, and is repaired later.

    A run ends as its work ended. What is missing in the lineage is missing until
    platform__lineage, or the next run, has read it in.
    """
    try:
        records = list(read())
        return {"records": len(records), "changed": store(hook, records), "problem": ""}
    except Exception as error:
        log.warning("the lineage lacks this run until platform__lineage: %s", error, exc_info=True)
        return {"records": 0, "changed": 0, "problem": str(error)}


def store(hook: Hooks, records: list[Record]) -> int:
    """Write the records that are new, or say something new; return how many.

    What they add to SageMaker's lineage is written, too. Where that fails they are kept without
    their digest, so that the next run takes them for new.
    """
    held = hook(LineageHook, *READER).digests(records)
    new = [record for record in records if held.get(record.key) != record.digest]
    problem = views.write(hook, new)
    changed = hook(LineageHook, *KEEPER).record(new, settled=not problem)
    log.info("lineage: %d records, %d of them new or changed", len(records), changed)
    return changed


def of_features(hook: Hooks, case: UseCase) -> Iterator[Record]:
    """Yield the feature groups of a use case, and every ingestion into them."""
    table, groups = table_of(hook), hook(FeatureGroupsHook, *INGESTER)
    repository = code_version().repository or ""
    for group in case.feature_groups:
        description = groups.find(group.name)
        if description is not None:
            yield group_defined(description, case)
        for item in table.query(health_key(group.name).pk):
            if item["sk"].startswith("INGEST#"):
                yield ingested(json.loads(item["summary"]), topology(), repository)


def of_version(hook: Hooks, case: UseCase, model: ModelSpec, version: str) -> Iterator[Record]:
    """Yield a version with its training, and its dataset."""
    package = hook(RegistryHook, *REGISTRY).describe(version)
    job = None
    if arn := generated_by(package):
        job = hook(JobsHook, *TRAINER).describe("training", TrainingJobArn.parse(arn).name)
    yield version_registered(package, case, model, topology(), job)
    digest = version_of(package).metadata.get(DATASET, "")
    if digest:
        yield from _of_dataset(hook, case, model, version, digest)


def _of_dataset(
    hook: Hooks, case: UseCase, model: ModelSpec, version: str, digest: str
) -> Iterator[Record]:
    """Yield the dataset that a version says it was trained on, where something describes it."""
    try:
        key = f"datasets/{case.id}/{Digest(digest)}/dataset.parquet"
    except CausewayError as error:  # what others registered may say anything
        log.warning("the dataset of %s is not known: %s", version, error)
        return
    uri = uri_of(AccountRole.DATA_SCIENCE, key)
    try:
        document = json.loads(hook(ArtifactsHook, *TRAINER).read(described(uri)))
    except AwsCallError as error:
        # A missing object is denied to who may not list the bucket.
        if not (error.missing or error.denied):
            raise
        log.warning("nothing describes the dataset of %s: %s", version, error)
    else:
        yield dataset_built(document, uri, case, model, topology())


def of_decisions(hook: Hooks, version: ModelPackageArn) -> Iterator[Record]:
    """Yield what was decided about a version."""
    state = table_of(hook).state(version)
    yield from map(decided, state.decisions)
    yield from map(stopped, state.revocations)


def of_deployments(hook: Hooks, model: ModelSpec) -> Iterator[Record]:
    """Yield what the model's endpoints served when."""
    table = table_of(hook)
    live = table.live_in([model.name], SERVING)
    for role in SERVING:
        history = table.history(role, model.name)
        yield from deployed(history, live.get((role, model.name)), topology())


def of_promotion(hook: Hooks, model: ModelSpec, version: str | None) -> Iterator[Record]:
    """Yield the decisions about a version, where one is named, and the model's deployments."""
    if version:
        yield from of_decisions(hook, ModelPackageArn.parse(version))
    yield from of_deployments(hook, model)


def read_in(hook: Hooks) -> RecordedLineage:
    """Read in everything that the sources hold, what others made as well.

    Versions and datasets do not change: one that is on record is not read again.

    Raises:
        UnexpectedState: a part could not be read; the others are on record by then.
    """
    records = changed = 0
    problems: list[str] = []
    for what, read in _parts(hook):
        part: list[Record] = []
        try:
            for each in read():
                part.append(each)
        except CausewayError as error:
            log.exception("%s", what)
            problems.append(f"{what}: {error}")
        try:
            changed += store(hook, part)
            records += len(part)
        except CausewayError as error:
            log.exception("%s", what)
            problems.append(f"{what}: {error}")
    if problems:
        raise UnexpectedState(
            f"the lineage lacks {len(problems)} of its parts: {'; '.join(problems)}",
            next_step="Mend what the first one says and run platform__lineage again.",
        )
    return {"records": records, "changed": changed, "problem": ""}


def _parts(hook: Hooks) -> Iterator[tuple[str, Callable[[], Iterable[Record]]]]:
    for case in use_cases():
        yield f"features of {case.id}", partial(of_features, hook, case)
        for model in case.models:
            yield f"model {model.name}", partial(_of_model, hook, case, model)
    for role in SERVING:
        yield f"endpoints of {role.value}", partial(endpoints_of_others, hook, role)


def _of_model(hook: Hooks, case: UseCase, model: ModelSpec) -> Iterator[Record]:
    """Yield what is not on record yet of a model's versions, and what was decided and deployed.

    Raises:
        UnexpectedState: a version could not be read; what the others are was yielded by then.
    """
    versions = [version_of(each) for each in hook(RegistryHook, *REGISTRY).search(model.group)]
    held = hook(LineageHook, *READER).get_many(
        key for each in versions for key in _keys(case, each)
    )
    problems = []
    for version in versions:
        if all(held.get(key, {}).get("digest") for key in _keys(case, version)):
            continue
        try:
            yield from of_version(hook, case, model, str(version.arn))
        except CausewayError as error:
            log.exception("%s", version.arn)
            problems.append(f"{version.arn}: {error}")
    with ThreadPoolExecutor(READERS) as threads:
        for decisions in threads.map(lambda each: list(of_decisions(hook, each.arn)), versions):
            yield from decisions
    yield from of_deployments(hook, model)
    if problems:
        raise UnexpectedState(
            "; ".join(problems), next_step="Look at what is registered: others are on record."
        )


def _keys(case: UseCase, version: RegistryVersion) -> list[Key]:
    """Return the keys of the records that a version has: its own, and its dataset's."""
    keys = [VersionRegistered(str(version.arn), "", "").key]
    if digest := version.metadata.get(DATASET, ""):
        keys.append(DatasetBuilt(digest, use_case=case.id).key)
    return keys
