"""P4: the lineage questions over ten thousand models and a million edges, in one process."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from causeway.instants import instant, moment
from causeway.lineage.index import graph_of
from causeway.lineage.questions import Lineage
from causeway.lineage.records import (
    DatasetBuilt,
    Decided,
    Deployed,
    GroupDefined,
    Ingested,
    Record,
    VersionRegistered,
)
from tests.perf.figures import Figure

SIZES, TIMES, GOAL_SECONDS = (1_000, 10_000), 300, 0.001
#: For each model its versions; for each version its groups, and of each group its features.
VERSIONS, GROUPS, FEATURES, INGESTIONS = 2, 3, 12, 4
SAGEMAKER = "arn:aws:sagemaker:eu-central-1"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def measure() -> dict[str, Figure]:
    """Measure at two sizes."""
    (_, few, _), (edges, many, loading) = map(_measured, SIZES)
    slowest = max(many, key=lambda name: many[name])
    return {
        "P4": Figure(
            ours=round(many[slowest] * 1000, 3),
            unit=f"ms, median of the slowest question ({slowest})",
            goal="< 1 ms a question, without a call",
            met=many[slowest] < GOAL_SECONDS,
            note=f"{SIZES[1]:,} models, {edges:,} edges, made of their records in "
            f"{loading:.1f} s of CPU; "
            + ", ".join(f"{name} {seconds * 1000:.2f}" for name, seconds in many.items())
            + f" ms; with {SIZES[0]:,} models the slowest {max(few.values()) * 1000:.2f} ms: a "
            "question takes time by what it reaches. The public helper makes 7 to 74 calls, one "
            "after the other, for each",
        )
    }


def _measured(models: int) -> tuple[int, dict[str, float], float]:
    """Return the edges, the median seconds of each question, and the CPU seconds of loading."""
    records = list(platform(models))
    begun = time.process_time()  # a whole core's: other work on the machine does not count
    lineage = Lineage(graph_of(records))
    loading = time.process_time() - begun
    chance = random.Random(0)
    group = f"group-{models // 20}"
    at = moment(instant(BEGIN + timedelta(days=40)))

    def model() -> str:
        return f"model_{chance.randrange(models)}"

    questions: dict[str, Callable[[], object]] = {
        "groups of a source": lambda: lineage.feature_groups_of(f"s3://raw/{group}/1.csv"),
        "sources of a group": lambda: lineage.sources_of(group),
        "models of a group": lambda: lineage.models_using(group),
        "models of a feature": lambda: lineage.models_using(f"{group}.f3"),
        "groups of a model": lambda: lineage.feature_groups_in(model()),
        "features of a model": lambda: lineage.features_in(model()),
        "whole version": lambda: lineage.whole(f"{model()}/2"),
        "behind an endpoint": lambda: lineage.behind(f"prod/{model().replace('_', '-')}"),
        "live endpoints": lambda: lineage.live_endpoints(f"{group}.f3"),
        "a prediction": lambda: lineage.produced(f"prod/{model().replace('_', '-')}", at),
        "differences": lambda: lineage.differences(*[f"{model()}/{n}" for n in (1, 2)]),
    }
    return (
        lineage.graph.edge_count,
        {name: _median(question) for name, question in questions.items()},
        loading,
    )


def _median(question: Callable[[], object]) -> float:
    times = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        question()
        times.append(time.perf_counter() - begun)
    return sorted(times)[math.ceil(TIMES / 2) - 1]


def platform(models: int) -> Iterator[Record]:
    """Yield the records of a platform: a group is used by some thirty models."""
    chance = random.Random(1)
    groups = [f"{SAGEMAKER}:111111111111:feature-group/group-{n}" for n in range(models // 10)]
    for arn in groups:
        name = arn.rpartition("/")[2]
        yield GroupDefined(arn, "case", "owner", tuple(f"f{n}" for n in range(20)))
        for n in range(INGESTIONS):
            began = BEGIN + timedelta(days=n)
            yield Ingested(
                *(arn, f"run-{n}", f"{n:064x}", instant(began), instant(began)),
                source=f"s3://raw/{name}/{n}.csv",
                source_sha256=f"{name}{n}",
                job=f"{SAGEMAKER}:111111111111:processing-job/{name}-{n}",
                code=f"{n:064x}",
            )
    for number in range(models):
        yield from _model(number, chance.sample(groups, GROUPS), chance)


def _model(number: int, groups: list[str], chance: random.Random) -> Iterator[Record]:
    name = f"model-{number}"
    for version in range(1, VERSIONS + 1):
        day = BEGIN + timedelta(days=10 * version)
        arn = f"{SAGEMAKER}:333333333333:model-package/{name}/{version}"
        digest = f"{number:060x}{version:04x}"
        features = {g: tuple(f"f{n}" for n in chance.sample(range(20), FEATURES)) for g in groups}
        yield DatasetBuilt(digest, use_case="case", features=features, snapshot=instant(day))
        yield VersionRegistered(
            *(arn, f"model_{number}", instant(day)),
            artifact_sha256=f"a{digest[1:]}",
            dataset=digest,
            processing_job=f"{SAGEMAKER}:222222222222:processing-job/{name}-{version}",
            training_job=f"{SAGEMAKER}:222222222222:training-job/{name}-{version}",
            code=f"{version:064x}",
            mlflow_run=f"run-{name}-{version}",
        )
        for attempt, (target, role, account) in enumerate(
            [("test", "test", "555555555555"), ("production", "prod", "666666666666")]
        ):
            at = instant(day + timedelta(days=1 + attempt))
            yield Decided(arn, "approved", 1, "officer", at, target)
            yield Deployed(
                endpoint=f"{SAGEMAKER}:{account}:endpoint/{name}",
                config=f"{SAGEMAKER}:{account}:endpoint-config/{name}-v{version}",
                account_role=role,
                model=f"model_{number}",
                version=arn,
                number=version,
                at=at,
            )
