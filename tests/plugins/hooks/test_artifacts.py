"""Objects are written once, by digest, and never overwritten."""

from __future__ import annotations

import pytest

from causeway.digests import sha256
from causeway.errors import BadInput, NameTaken
from tests.local_platform import LocalPlatform

BUCKET = "causeway-shared-services-333333333333-eu-central-1"
KEY = "arn:aws:kms:eu-central-1:333333333333:alias/causeway-shared-services"


def test_the_same_content_is_stored_once_and_found_again(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.artifacts import ArtifactsHook

    hook = ArtifactsHook("causeway_data_science_registrar")
    uri = f"s3://{BUCKET}/models/test/once"
    first = hook.put(uri, b"content", sha256=sha256(b"content"), kms_key=KEY)
    second = hook.put(uri, b"content", sha256=sha256(b"content"), kms_key=KEY)
    assert (first.created, second.created) == (True, False)
    assert first.version_id == second.version_id != ""
    head = platform.client("s3", "shared_services").head_object(
        Bucket=BUCKET, Key="models/test/once"
    )
    assert head["ServerSideEncryption"] == "aws:kms"


def test_other_content_under_a_taken_name_is_refused_and_what_was_there_stays(
    platform: LocalPlatform,
) -> None:
    from causeway_airflow.hooks.artifacts import ArtifactsHook

    hook = ArtifactsHook("causeway_data_science_registrar")
    uri = f"s3://{BUCKET}/models/test/taken"
    hook.put(uri, b"first", sha256=sha256(b"first"), kms_key=KEY)
    with pytest.raises(NameTaken, match="not overwritten"):
        hook.put(uri, b"second", sha256=sha256(b"second"), kms_key=KEY)
    assert hook.read(uri) == b"first"


def test_a_text_that_is_no_object_is_refused(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.artifacts import split_uri

    for text in ("s3://bucket", "/path", "https://bucket/key"):
        with pytest.raises(BadInput, match="no S3 object"):
            split_uri(text)
