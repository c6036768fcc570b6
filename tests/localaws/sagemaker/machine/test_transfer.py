"""Files move between S3 and a sandbox as SageMaker lays them out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from localaws.sagemaker.machine.failures import WorkFailedError
from localaws.sagemaker.machine.transfer import Transfer, split_uri
from tests.localaws.sagemaker.work import Workshop


@pytest.fixture
def transfer(workshop: Workshop) -> Transfer:
    for key in ("t/a.csv", "t/deep/b.csv", "t2/c.csv"):
        workshop.put(key, key)
    return Transfer(workshop.s3, workshop.role)


@pytest.mark.parametrize(
    ("prefix", "files"),
    [
        ("t/", ["a.csv", "deep/b.csv"]),
        ("t/a.csv", ["a.csv"]),
        ("t/deep", ["b.csv"]),
        ("t/de", ["deep/b.csv"]),
        # A prefix is a prefix of keys, not a folder.
        ("t2/c", ["c.csv"]),
    ],
)
def test_objects_lie_relative_to_their_prefix(
    workshop: Workshop, transfer: Transfer, tmp_path: Path, prefix: str, files: list[str]
) -> None:
    transfer.download(f"s3://{workshop.bucket}/{prefix}", tmp_path)
    paths = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert paths == files


def test_key_that_climbs_is_refused(workshop: Workshop, transfer: Transfer, tmp_path: Path) -> None:
    workshop.put("climb/../../evil", "x")
    with pytest.raises(WorkFailedError, match="cannot be a file name"):
        transfer.download(f"s3://{workshop.bucket}/climb/", tmp_path / "in")
    assert not list(tmp_path.rglob("evil"))


def test_folder_is_uploaded_and_its_files_are_digested_on_the_way_back(
    workshop: Workshop, transfer: Transfer, tmp_path: Path
) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "x").write_text("hello")
    assert transfer.upload_folder(tmp_path, f"s3://{workshop.bucket}/up/", None) == 1
    digest = transfer.download_file(f"s3://{workshop.bucket}/up/deep/x", tmp_path / "again")
    assert digest == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def test_a_role_that_may_not_encrypt_with_the_key_of_its_job_delivers_nothing(
    workshop: Workshop, tmp_path: Path
) -> None:
    """SageMaker API reference, OutputDataConfig: a named key needs kms:Encrypt of the role."""
    aws, account = workshop.aws, workshop.account
    key = aws.client("kms", account).create_key()["KeyMetadata"]["Arn"]
    aws.client("kms", account).create_alias(AliasName="alias/outputs", TargetKeyId=key)
    may = ["s3:PutObject", "kms:GenerateDataKey", "kms:Decrypt"]
    statement = {"Effect": "Allow", "Action": may, "Resource": "*"}
    role = aws.role(account, "may-not-encrypt", allow=[statement])
    session = aws.assume(account, "may-not-encrypt")
    transfer = Transfer(session.client("s3"), role, session.client("kms"))
    (tmp_path / "model.tar.gz").write_bytes(b"model")
    alias = key.replace(key.rsplit(":", 1)[1], "alias/outputs")
    with pytest.raises(WorkFailedError, match="not authorized to perform: kms:Encrypt"):
        transfer.upload(tmp_path / "model.tar.gz", f"s3://{workshop.bucket}/refused/m", alias)
    assert workshop.keys("refused/") == []
    statement["Action"] = [*may, "kms:Encrypt"]
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    aws.client("iam", account).put_role_policy(
        RoleName="may-not-encrypt", PolicyName="allowed", PolicyDocument=document
    )
    transfer.upload(tmp_path / "model.tar.gz", f"s3://{workshop.bucket}/taken/m", alias)
    assert workshop.keys("taken/") == ["taken/m"]


@pytest.mark.parametrize("uri", ["https://b/k", "b/k", "s3:///k", ""])
def test_what_is_no_s3_uri_is_refused(uri: str) -> None:
    with pytest.raises(WorkFailedError, match="not an S3 URI"):
        split_uri(uri)
