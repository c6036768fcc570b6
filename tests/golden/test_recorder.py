"""What the recorder keeps of a call, and what it never keeps.

The answers are sent by this test in place of the network; they stand in no golden file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from tests.golden.pairs import load
from tests.golden.recorder import NotAwsError, Recorder

ACCOUNT, OTHER = "731046529183", "902817364550"
KEY = "ASIAIOSFODNN7ABCDEFG"


@pytest.fixture(autouse=True)
def no_local_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests of this process may have a local AWS, whose answers are not AWS's."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Any:
        yield self._content


def client(service: str, answers: list[tuple[int, bytes]], **options: Any) -> Any:
    made: Any = boto3.client(
        service,
        region_name="eu-central-1",
        aws_access_key_id=KEY,
        aws_secret_access_key="s3cr3t",
        aws_session_token="t0k3n",
        **options,
    )

    def answer(request: Any, **_: Any) -> AWSResponse:
        status, content = answers.pop(0)
        return AWSResponse(request.url, status, {}, _Raw(content))

    made.meta.events.register("before-send.*.*", answer)
    return made


def test_answers_are_kept_without_what_identifies_an_account_or_a_person(tmp_path: Path) -> None:
    arn = f"arn:aws:sagemaker:eu-central-1:{ACCOUNT}:model-package-group/credit-risk"
    described = {
        "ModelPackageGroupName": "credit-risk",
        "ModelPackageGroupArn": arn,
        "ModelPackageGroupDescription": f"asked for by ann@corp.example, shared with {OTHER}",
        "CreationTime": 1764450000.5,
        "CreatedBy": {"IamIdentity": {"PrincipalId": "AROAIOSFODNN7ABCDEFG:ann@corp.example"}},
        "ModelPackageGroupStatus": "Completed",
    }
    sagemaker = client("sagemaker", [(200, json.dumps(described).encode())])
    recorder = Recorder()
    recorder.attach(sagemaker)
    sagemaker.describe_model_package_group(ModelPackageGroupName=arn)
    recorder.write(tmp_path / "groups.json", "eu-central-1")

    text = (tmp_path / "groups.json").read_text()
    for private in (ACCOUNT, OTHER, KEY, "s3cr3t", "t0k3n", "corp.example", "AROAIOSFODNN7"):
        assert private not in text
    golden = load(tmp_path / "groups.json")
    (call,) = golden.calls
    assert golden.source["kind"] == "recorded"
    assert call.response is not None
    # The same account has the same stand-in in what was asked and in what was answered.
    assert call.parameters["ModelPackageGroupName"] == call.response["ModelPackageGroupArn"]
    assert "ResponseMetadata" not in call.response


def test_credentials_in_an_answer_are_not_kept() -> None:
    content = f"""<AssumeRoleResponse><AssumeRoleResult><Credentials>
        <AccessKeyId>{KEY}</AccessKeyId><SecretAccessKey>wJalrXUtn</SecretAccessKey>
        <SessionToken>FwoGZXIvYXdz</SessionToken><Expiration>2026-01-01T00:00:00Z</Expiration>
        </Credentials></AssumeRoleResult></AssumeRoleResponse>"""
    sts, recorder = client("sts", [(200, content.encode())]), Recorder()
    recorder.attach(sts)
    role = f"arn:aws:iam::{ACCOUNT}:role/x"
    assert sts.assume_role(RoleArn=role, RoleSessionName="ann")["Credentials"]["SessionToken"]
    document = json.dumps(recorder.calls[0].document)
    for private in (KEY, "wJalrXUtn", "FwoGZXIvYXdz", ACCOUNT):
        assert private not in document


def test_an_error_is_kept_with_its_code_and_status() -> None:
    content = json.dumps({"__type": "ValidationException", "message": f"{ACCOUNT} may not"})
    sagemaker, recorder = client("sagemaker", [(400, content.encode())]), Recorder()
    recorder.attach(sagemaker)
    with pytest.raises(sagemaker.exceptions.ClientError):
        sagemaker.describe_model_package_group(ModelPackageGroupName="x")
    assert recorder.calls[0].error == {"code": "ValidationException", "status": 400}
    assert recorder.calls[0].response is None


def test_answers_of_anything_but_aws_are_not_recorded() -> None:
    for endpoint in ("http://127.0.0.1:4566", "http://localaws:4566", "https://amazonaws.com.evil"):
        with pytest.raises(NotAwsError):
            Recorder().attach(client("sts", [], endpoint_url=endpoint))
