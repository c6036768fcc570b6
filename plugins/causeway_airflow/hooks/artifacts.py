"""Objects in S3: digested, encrypted, written once.

An object that is addressed by its digest is written with `If-None-Match: *`: a second write of the
same content is refused by S3 and counts as done, and nothing is ever overwritten.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from causeway.errors import BadInput, NameTaken, UnexpectedState
from causeway_airflow.hooks.base import AwsCallError, CausewayHook

CHUNK = 1 << 20


class StoredObject(NamedTuple):
    """An object as it lies in S3."""

    uri: str
    sha256: str
    version_id: str
    created: bool


class ArtifactsHook(CausewayHook):
    """Buckets as one principal sees them."""

    service = "s3"

    def read(self, uri: str) -> bytes:
        """Return an object's content. Raises `AwsCallError` (`missing`) when there is none."""
        bucket, key = split_uri(uri)
        content: bytes = self.call("get_object", Bucket=bucket, Key=key)["Body"].read()
        return content

    def download(self, uri: str, target: Path) -> str:
        """Write an object to a file and return its SHA-256, read once."""
        bucket, key = split_uri(uri)
        body = self.call("get_object", Bucket=bucket, Key=key)["Body"]
        digest = hashlib.sha256()
        with target.open("wb") as out:
            for chunk in body.iter_chunks(CHUNK):
                digest.update(chunk)
                out.write(chunk)
        return digest.hexdigest()

    def digest(self, uri: str, version_id: str | None = None) -> str:
        """Return the SHA-256 of what an object holds now, by reading it."""
        bucket, key = split_uri(uri)
        version = {"VersionId": version_id} if version_id else {}
        body = self.call("get_object", Bucket=bucket, Key=key, **version)["Body"]
        digest = hashlib.sha256()
        for chunk in body.iter_chunks(CHUNK):
            digest.update(chunk)
        return digest.hexdigest()

    def head(self, uri: str) -> dict[str, Any] | None:
        """Return an object's metadata, or None when there is none."""
        bucket, key = split_uri(uri)
        try:
            return self.call("head_object", Bucket=bucket, Key=key)
        except AwsCallError as error:
            if error.missing:
                return None
            raise

    def put(
        self, uri: str, content: bytes | BinaryIO, *, sha256: str, kms_key: str | None = None
    ) -> StoredObject:
        """Write an object once; an object that is there is checked by its recorded digest.

        `kms_key` is the id, ARN or alias ARN of the key (SSE-KMS). Raises `NameTaken` when
        the object there was written from other content.
        """
        bucket, key = split_uri(uri)
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}
        try:
            reply = self.call(
                "put_object",
                Bucket=bucket,
                Key=key,
                Body=content,
                IfNoneMatch="*",
                Metadata={"sha256": sha256},
                **encryption,
            )
            return StoredObject(uri, sha256, str(reply.get("VersionId", "")), created=True)
        except AwsCallError as error:
            if not error.conditional:
                raise
        found = self.head(uri) or {}
        recorded = found.get("Metadata", {}).get("sha256") or self.digest(uri)
        if recorded != sha256:
            raise NameTaken(
                f"{uri} holds other content (SHA-256 {recorded}) than {sha256}; not overwritten",
                principal=self.principal,
                next_step="Find who wrote it, and remove it if it has no right to be there.",
            )
        return StoredObject(uri, sha256, str(found.get("VersionId", "")), created=False)

    def copy(
        self, source: str, target: str, *, kms_key: str, sha256: str | None = None
    ) -> StoredObject:
        """Copy an object through this principal's hands, digesting it on the way.

        A server-side copy carries no condition and proves no digest; models are small. Raises
        `UnexpectedState` when `sha256` is given and the source holds something else.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "object"
            found = self.download(source, path)
            if sha256 and found != sha256:
                raise UnexpectedState(
                    f"{source} holds SHA-256 {found}, evaluated was {sha256}",
                    principal=self.principal,
                    next_step="Somebody changed the artifact; train again.",
                )
            with path.open("rb") as content:
                return self.put(target, content, sha256=found, kms_key=kms_key)


def split_uri(uri: str) -> tuple[str, str]:
    """Return the bucket and the key of an `s3://` URI."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket or not key:
        raise BadInput(f"{uri!r} is no S3 object", next_step="Write s3://<bucket>/<key>.")
    return bucket, key
