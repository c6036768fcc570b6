"""Quotas, images and the organisation's policies, as an auditor of the local AWS is shown them."""

from __future__ import annotations

import json

import pytest

from causeway.errors import UnexpectedState
from tests.local_platform import LocalPlatform

OWN = "222222222222.dkr.ecr.eu-central-1.amazonaws.com/models:1"
MANIFEST = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
    "config": {
        "mediaType": "application/vnd.docker.container.image.v1+json",
        "size": 1,
        "digest": "sha256:" + "a" * 64,
    },
    "layers": [],
}


def look(role: str) -> dict[str, list[str]]:
    from causeway_airflow.operators.access import LookAroundOperator

    return LookAroundOperator(task_id=f"look_{role}", account_role=role).perform({})


@pytest.mark.parametrize("role", ["data", "data_science", "test", "prod"])
def test_what_the_local_aws_does_not_show_is_said_and_is_no_fault(
    platform: LocalPlatform, role: str
) -> None:
    seen = look(role)
    assert seen["short"] == []
    assert any(name.endswith("usage") for name in seen["cannot be seen"])
    assert any(name.startswith("sagemaker:") for name in seen["cannot be seen"])


def test_an_image_that_is_not_the_declared_one_fails_the_preflight(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.tasks import surroundings

    ecr = platform.client("ecr", "data_science")
    ecr.create_repository(repositoryName="models")
    image = ecr.put_image(
        repositoryName="models", imageManifest=json.dumps(MANIFEST), imageTag="1"
    )["image"]
    digest = image["imageId"]["imageDigest"]
    declared = surroundings.topology().model_copy(
        update={"images": {"own": OWN}, "image_digests": {"own": digest}}
    )
    monkeypatch.setattr(surroundings, "topology", lambda: declared)
    assert OWN in look("data_science")["enough"]
    moved = declared.model_copy(update={"image_digests": {"own": "sha256:" + "b" * 64}})
    monkeypatch.setattr(surroundings, "topology", lambda: moved)
    with pytest.raises(UnexpectedState, match=f"its digest is {digest}, declared is"):
        look("data_science")
