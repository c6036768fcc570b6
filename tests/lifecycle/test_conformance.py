"""The replies of the lifecycle have the shapes of the service models."""

from __future__ import annotations

from tests.lifecycle.recording import Recording


def test_every_reply_of_the_lifecycle_has_the_shape_of_the_service_model(
    recording: Recording,
) -> None:
    checked, violations = (recording.conformance[name] for name in ("checked", "violations"))
    assert {"sagemaker:CreateModelPackage", "s3:PutObject", "sts:AssumeRole"} <= set(checked)
    assert violations == []
