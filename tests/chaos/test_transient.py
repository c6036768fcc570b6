"""From ingested features to a registered version while a part of all calls fails: the same end.

`make test` goes through it once under mixed faults, `make soak` (CAUSEWAY_DEPTH=full) once
for each kind by itself and mixed, with three seeds each.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.chaos import chain
from tests.chaos.conftest import FULL, Chaos

KINDS = ("throttle", "error500", "timeout_after_success")
MIXES = [(*KINDS,), *((kind,) for kind in KINDS)] if FULL else [KINDS]
SEEDS = (1, 2, 3) if FULL else (1,)
RATE = 0.25  # of all calls, by all kinds together
#: What the tasks call. Each rule has a seed of its own, so that it repeats what it hits.
HIT = ("sagemaker:*", "s3:*", "sts:*")


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kinds", MIXES, ids="+".join)
def test_the_chain_ends_as_without_faults(chaos: Chaos, kinds: tuple[str, ...], seed: int) -> None:
    prepare(chaos)
    for number, kind in enumerate(kinds):
        # A rule is asked only about calls that those before it let pass.
        rate = RATE / len(kinds) / (1 - number * RATE / len(kinds))
        for operation in HIT:
            chaos.fault(operation, kind, rate=rate, seed=seed * 100 + number)
    try:
        found = train_and_register(chaos)
    finally:
        fired = {rule["kind"]: 0 for rule in chaos.faults()}
        for rule in chaos.faults():
            fired[rule["kind"]] += rule["fired"]
        chaos.clear()
    assert all(fired[kind] for kind in kinds), fired
    registry = chaos.platform.client("sagemaker", "shared_services")
    listed = registry.list_model_packages(ModelPackageGroupName="credit-risk")
    assert [one["ModelPackageArn"] for one in listed["ModelPackageSummaryList"]] == [
        found["version_arn"]
    ]
    for kind, count in (("processing", 2), ("training", 1)):
        client = chaos.platform.client("sagemaker", "data_science")
        jobs = getattr(client, f"list_{kind}_jobs")()[f"{kind.capitalize()}JobSummaries"]
        assert len(jobs) == count, jobs


def prepare(chaos: Chaos) -> None:
    """Share everything and ingest the features, without faults."""
    for step in (chain.DEFINE, *chain.share("data"), *chain.share("shared_services")):
        chaos.succeed(step)
    chaos.succeed(chain.POLICIES)
    for role in chain.CONSUMERS:
        chaos.succeed(chain.accept(role))
    raw = chaos.succeed(chain.VALIDATE)
    chaos.succeed(chain.ingest(chaos.succeed(chain.engineer(raw)), raw))


def train_and_register(chaos: Chaos) -> dict[str, Any]:
    """Train and register as Airflow would, retries included; return the registration."""
    dataset = chaos.retried(chain.DATASET)
    assert dataset["rows"] == chain.ROWS
    parts = chaos.retried(chain.preprocess(dataset))["outputs"]["parts"]
    job = chaos.retried(chain.train(parts))
    chaos.retried(chain.evaluate(parts, job))
    report = chaos.retried(chain.gate(dataset))["report_sha256"]
    registered: dict[str, Any] = chaos.retried(chain.register(dataset, report))
    return registered
