"""What steps and endpoints run on: defaults, bounds, and one way to serve."""

from __future__ import annotations

import pytest

from causeway.documents import parse
from causeway.errors import ConfigError
from causeway.use_cases.resource_specs import Deployment, Resources


def test_a_step_has_an_hour_ten_gigabytes_and_one_instance_unless_it_says_otherwise() -> None:
    resources = parse("instance_type: ml.m5.large", Resources, "x.yaml")
    limits = (resources.instance_count, resources.volume_gb, resources.max_runtime_minutes)
    assert limits == (1, 10, 60)


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("volume_gb: 0", "volume_gb"),
        ("volume_gb: 16385", "volume_gb"),
        ("instance_count: 0", "instance_count"),
        ("max_runtime_minutes: 12961", "max_runtime_minutes"),
        ("minutes: 5", "unknown key"),
    ],
)
def test_limits_beyond_aws_are_refused_with_their_key(more: str, key: str) -> None:
    with pytest.raises(ConfigError, match=key):
        parse(f"instance_type: ml.m5.large\n{more}", Resources, "x.yaml")


@pytest.mark.parametrize(
    ("deployment", "words"),
    [
        ("count: 1", "either `instance_type`"),
        (
            "{instance_type: ml.m5.large, serverless: {memory_mb: 1024, max_concurrency: 1}}",
            "either `instance_type`",
        ),
        ("{count: 2, serverless: {memory_mb: 1024, max_concurrency: 1}}", "`count` is of"),
        ("{serverless: {memory_mb: 1500, max_concurrency: 1}}", "memory_mb"),
        ("{serverless: {memory_mb: 1024, max_concurrency: 201}}", "max_concurrency"),
    ],
)
def test_an_endpoint_has_instances_or_none(deployment: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse(deployment, Deployment, "x.yaml")
