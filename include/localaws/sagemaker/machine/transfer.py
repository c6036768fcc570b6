"""Moves a job's files between its sandbox and S3, as its execution role.

A key that a job names for its outputs needs kms:Encrypt of the role besides what S3 needs
(SageMaker API reference, `OutputDataConfig` and `ProcessingOutputConfig`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from localaws.sagemaker.machine.failures import WorkFailedError, client_failed


def split_uri(uri: str) -> tuple[str, str]:
    """Return bucket and key (or prefix) of an S3 URI; WorkFailedError for anything else."""
    parts = urlsplit(uri)
    if parts.scheme != "s3" or not parts.netloc:
        raise WorkFailedError(f"ClientError: {uri!r} is not an S3 URI")
    return parts.netloc, parts.path.lstrip("/")


@dataclass(frozen=True)
class Transfer:
    """Access to S3 with one execution role, and to KMS where something is uploaded."""

    s3: Any
    role_arn: str
    kms: Any = None

    def download(self, uri: str, folder: Path) -> int:
        """Download all objects under a prefix (or one object) into a folder; return their number.

        Raises:
            WorkFailedError: there is no object, or the role may not read it.
        """
        bucket, prefix = split_uri(uri)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            keys = [key for key in self._keys(bucket, prefix) if not key.endswith("/")]
            for key in keys:
                target = folder / _relative(key, prefix)
                target.parent.mkdir(parents=True, exist_ok=True)
                self._get(bucket, key, target)
        except (ClientError, BotoCoreError) as error:
            raise client_failed(f"Data download from {uri}", self.role_arn, error) from error
        if not keys:
            raise WorkFailedError(
                f'ClientError: No S3 objects found under S3 URL "{uri}" given in input data '
                f"source. Please ensure that the bucket exists, that objects exist under that "
                f'prefix, and that the role "{self.role_arn}" may list the bucket'
            )
        return len(keys)

    def download_file(self, uri: str, target: Path) -> str:
        """Download one object and return its SHA-256; WorkFailedError if that fails."""
        bucket, key = split_uri(uri)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            return self._get(bucket, key, target)
        except (ClientError, BotoCoreError) as error:
            raise client_failed(f"Download of {uri}", self.role_arn, error) from error

    def upload(self, path: Path, uri: str, kms_key: str | None) -> None:
        """Upload one file to a URI, encrypted with the key if one is given.

        Raises:
            WorkFailedError: the role may not write it.
        """
        bucket, key = split_uri(uri)
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        try:
            if kms_key:
                self.kms.encrypt(KeyId=kms_key, Plaintext=b"output")
            with path.open("rb") as body:
                self.s3.put_object(Bucket=bucket, Key=key, Body=body, **encryption)
        except (ClientError, BotoCoreError) as error:
            raise client_failed(f"Upload to {uri}", self.role_arn, error) from error

    def upload_folder(self, folder: Path, uri: str, kms_key: str | None) -> int:
        """Upload every file of a folder under a prefix; return their number."""
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        for path in files:
            relative = path.relative_to(folder).as_posix()
            self.upload(path, f"{uri.rstrip('/')}/{relative}", kms_key)
        return len(files)

    def _keys(self, bucket: str, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [str(item["Key"]) for page in pages for item in page.get("Contents", [])]

    def _get(self, bucket: str, key: str, target: Path) -> str:
        digest = hashlib.sha256()
        body = self.s3.get_object(Bucket=bucket, Key=key)["Body"]
        with target.open("wb") as file:
            for chunk in body.iter_chunks(1 << 20):
                digest.update(chunk)
                file.write(chunk)
        return digest.hexdigest()


def _relative(key: str, prefix: str) -> PurePosixPath:
    """Return the path of an object below a prefix, as in a SageMaker container."""
    if key == prefix:
        relative = key.rsplit("/", 1)[-1]
    elif key.startswith(prefix.rstrip("/") + "/"):
        relative = key[len(prefix.rstrip("/")) :].lstrip("/")
    else:  # the prefix ends inside a name
        relative = key[prefix.rfind("/") + 1 :]
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts:
        raise WorkFailedError(f"ClientError: the key {key!r} cannot be a file name")
    return path
