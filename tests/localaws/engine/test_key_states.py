"""A key that is disabled or pending deletion encrypts and decrypts nothing, for S3 neither."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts import REGION
from tests.localaws.conftest import Aws
from tests.refusals import refused


@pytest.fixture
def kms(aws: Aws) -> Any:
    return aws.client("kms", "shared_services")


def test_a_disabled_key_works_again_when_it_is_enabled(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    refused("DisabledException", kms.encrypt, KeyId=key, Plaintext=b"text")
    refused("DisabledException", kms.decrypt, CiphertextBlob=sealed)
    refused("DisabledException", kms.generate_data_key, KeyId=key, KeySpec="AES_256")
    kms.enable_key(KeyId=key)
    assert kms.decrypt(CiphertextBlob=sealed)["Plaintext"] == b"text"


def test_a_key_that_is_pending_deletion_cannot_be_used_or_changed(kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    refused("KMSInvalidStateException", kms.cancel_key_deletion, KeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    for call in (kms.enable_key, kms.disable_key, kms.schedule_key_deletion):
        refused("KMSInvalidStateException", call, KeyId=key)
    refused("KMSInvalidStateException", kms.encrypt, KeyId=key, Plaintext=b"text")
    kms.cancel_key_deletion(KeyId=key)
    refused("DisabledException", kms.encrypt, KeyId=key, Plaintext=b"text")


def test_decrypting_with_another_key_is_an_incorrect_key(kms: Any) -> None:
    first, second = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    sealed = kms.encrypt(KeyId=first, Plaintext=b"text")["CiphertextBlob"]
    refused("IncorrectKeyException", kms.decrypt, CiphertextBlob=sealed, KeyId=second)
    refused(
        "IncorrectKeyException",
        kms.re_encrypt,
        CiphertextBlob=sealed,
        SourceKeyId=second,
        DestinationKeyId=second,
    )
    assert kms.decrypt(CiphertextBlob=sealed, KeyId=first)["Plaintext"] == b"text"


def test_an_object_of_a_disabled_key_cannot_be_read_or_written(aws: Aws, kms: Any) -> None:
    key = kms.create_key()["KeyMetadata"]["Arn"]
    s3 = aws.client("s3", "shared_services")
    s3.create_bucket(Bucket="store", CreateBucketConfiguration={"LocationConstraint": REGION})
    write = {
        "Bucket": "store",
        "Key": "secret",
        "Body": b"text",
        "ServerSideEncryption": "aws:kms",
        "SSEKMSKeyId": key,
    }
    s3.put_object(**write)
    kms.disable_key(KeyId=key)
    refused("KMS.DisabledException", s3.get_object, Bucket="store", Key="secret")
    refused("KMS.DisabledException", s3.put_object, **write)
    kms.schedule_key_deletion(KeyId=key)
    refused("KMS.KMSInvalidStateException", s3.get_object, Bucket="store", Key="secret")
