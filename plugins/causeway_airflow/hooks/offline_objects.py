"""The Parquet objects of offline stores, every version of them: listed, read, written, deleted.

The bucket is versioned: an object that is written again leaves a version, which is deleted for good
only by its id.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from causeway_airflow.hooks.artifacts import split_uri
from causeway_airflow.hooks.base import AwsCallError, CausewayHook


@dataclass(frozen=True)
class OfflineStore:
    """Where the objects of a feature group lie, and by which features a record is known there."""

    bucket: str
    prefix: str
    kms_key: str | None
    identifier: str
    event_time: str

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Self | None:
        """Read the store from `DescribeFeatureGroup`; None where the group has none."""
        config = description.get("OfflineStoreConfig")
        if not config:
            return None
        storage = config["S3StorageConfig"]
        bucket, prefix = split_uri(storage["ResolvedOutputS3Uri"])
        return cls(
            bucket=bucket,
            prefix=prefix.rstrip("/"),
            kms_key=storage.get("KmsKeyId"),
            identifier=description["RecordIdentifierFeatureName"],
            event_time=description["EventTimeFeatureName"],
        )

    @property
    def encryption(self) -> dict[str, str]:
        """The parameters by which S3 encrypts an object as the store's others are."""
        if not self.kms_key:
            return {}
        return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.kms_key}


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an object; the latest is the object as readers see it."""

    key: str
    version_id: str
    latest: bool


class OfflineObjectsHook(CausewayHook):
    """Objects of offline stores, for a duty that may read, write and delete versions there."""

    service = "s3"

    def versions(self, store: OfflineStore) -> list[ObjectVersion]:
        """Return every version of every Parquet object, without the marks of deleted objects."""
        versions: list[ObjectVersion] = []
        marker: dict[str, Any] = {}
        while True:
            reply = self.call(
                "list_object_versions", Bucket=store.bucket, Prefix=f"{store.prefix}/", **marker
            )
            versions += [
                ObjectVersion(item["Key"], item["VersionId"], bool(item["IsLatest"]))
                for item in reply.get("Versions", ())
                if item["Key"].endswith(".parquet")
            ]
            if not reply.get("IsTruncated"):
                return versions
            marker = {
                "KeyMarker": reply["NextKeyMarker"],
                "VersionIdMarker": reply["NextVersionIdMarker"],
            }

    def fetch(self, store: OfflineStore, version: ObjectVersion, path: Path) -> dict[str, str]:
        """Write a version's content to a file and return its metadata."""
        reply = self.call(
            "get_object", Bucket=store.bucket, Key=version.key, VersionId=version.version_id
        )
        with path.open("wb") as out:
            for chunk in reply["Body"].iter_chunks(1 << 20):
                out.write(chunk)
        return dict(reply.get("Metadata") or {})

    def add(self, store: OfflineStore, key: str, path: Path, metadata: Mapping[str, str]) -> bool:
        """Store a file under a key below the store; return whether it was not there yet.

        An object that is there stays as it is.
        """
        try:
            with path.open("rb") as content:
                self.call(
                    "put_object",
                    Bucket=store.bucket,
                    Key=f"{store.prefix}/{key}",
                    Body=content,
                    IfNoneMatch="*",
                    Metadata=dict(metadata),
                    **store.encryption,
                )
        except AwsCallError as error:
            if not error.conditional:
                raise
            return False
        return True

    def write(self, store: OfflineStore, key: str, path: Path, metadata: Mapping[str, str]) -> None:
        """Write a new version of an object, verified by S3 (SHA-256)."""
        with path.open("rb") as content:
            digest = hashlib.file_digest(content, "sha256").digest()
            content.seek(0)
            self.call(
                "put_object",
                Bucket=store.bucket,
                Key=key,
                Body=content,
                ChecksumSHA256=b64encode(digest).decode(),
                Metadata=dict(metadata),
                **store.encryption,
            )

    def delete(self, store: OfflineStore, version: ObjectVersion) -> None:
        """Delete one version for good."""
        self.call(
            "delete_object", Bucket=store.bucket, Key=version.key, VersionId=version.version_id
        )
