from datetime import datetime

import pytest

from causeway.digests import Digest
from causeway.errors import UnexpectedState
from causeway.versions import registry


def test_a_description_is_read_back() -> None:
    version = registry.version_of(
        {
            "CustomerMetadataProperties": {
                "artifact-sha256": "a" * 64,
                "gate-report-sha256": "b" * 64,
            },
            "ModelLifeCycle": {"Stage": "Development", "StageStatus": "PendingApproval"},
            "ModelCard": {"ModelCardContent": '{"model_overview": {}}'},
            "ModelPackageArn": (
                "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/7"
            ),
            "ModelPackageStatus": "Completed",
            "CreationTime": datetime(2026, 1, 1),
            "LastModifiedBy": {"IamIdentity": {"Arn": "arn", "SourceIdentity": "model-owner"}},
        }
    )
    assert version.arn.version == 7
    assert version.artifact_sha256 == "a" * 64
    assert version.gate_report_sha256 == "b" * 64
    assert version.card == '{"model_overview": {}}'
    assert version.modified_by_identity == "model-owner"
    assert version.modified_at.tzinfo is not None
    assert version.lifecycle is not None
    assert version.lifecycle.stage == "Development"


def test_the_newest_version_with_the_digest_is_found(make_version) -> None:
    versions = [make_version(1), make_version(3), make_version(2), make_version(4, digest="c" * 64)]
    version = registry.find_by_digest(versions, Digest("a" * 64))
    assert version is not None
    assert version.arn.version == 3
    assert registry.find_by_digest(versions, Digest("e" * 64)) is None


@pytest.mark.parametrize("text", ["", "a" * 63, "A" * 64, "g" * 64, "a" * 64 + "\n"])
def test_a_malformed_digest_is_none(text: str, make_version) -> None:
    with pytest.raises(UnexpectedState):
        Digest(text)
    assert make_version(metadata={"artifact-sha256": text}).artifact_sha256 is None


def test_keys_lie_beside_each_other_under_the_digest() -> None:
    digest = Digest("a" * 64)
    assert registry.artifact_key("m", digest) == f"models/m/{digest}/model.tar.gz"
    assert registry.held_out_key("m", digest) == f"models/m/{digest}/evaluation/test.csv"
    assert registry.manifest_key("m", digest) == f"models/m/{digest}/manifest.json"
    report = registry.gate_report_key("m", digest, "b" * 64)
    assert report == f"models/m/{digest}/gate-reports/{'b' * 64}.json"
    text = registry.document_key("m", digest, "comparison", "c" * 64, "md")
    assert text == f"models/m/{digest}/documents/comparison-{'c' * 64}.md"
