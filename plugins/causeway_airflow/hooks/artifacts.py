"""Objects in S3: digested, encrypted, written once.

An object that is addressed by its digest is written with `If-None-Match: *`: a second write of the
same content is refused by S3 and counts as done, and nothing is ever overwritten. It is sent with
its SHA-256, which S3 compares with what arrives and keeps as the object's checksum.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

from causeway.errors import BadInput, NameTaken
from causeway_airflow.hooks.base import AwsCallError, CausewayHook

CHUNK = 1 << 20


class StoredObject(NamedTuple):
    """An object as it lies in S3."""

    uri: str
    sha256: str
    version_id: str
    created: bool


class Fetched(NamedTuple):
    """What an object held when it was read."""

    sha256: str
    version_id: str


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
        return self.fetch(uri, target).sha256

    def digest(self, uri: str) -> str:
        """Return the SHA-256 of what an object holds now, by reading it."""
        return self.current(uri).sha256

    def current(self, uri: str) -> Fetched:
        """Return the SHA-256 and the version of what an object holds now, by reading it."""
        return self.fetch(uri, None)

    def head(self, uri: str) -> dict[str, Any] | None:
        """Return an object's metadata, or None when there is none."""
        bucket, key = split_uri(uri)
        try:
            return self.call("head_object", Bucket=bucket, Key=key)
        except AwsCallError as error:
            if error.missing:
                return None
            raise

    def tags(self, uri: str, version: str | None = None) -> dict[str, str]:
        """Return the tags of a version of an object, by default of the current one."""
        bucket, key = split_uri(uri)
        chosen = {"VersionId": version} if version else {}
        tags = self.call("get_object_tagging", Bucket=bucket, Key=key, **chosen)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in tags}

    def tag(self, uri: str, version: str, tags: Mapping[str, str]) -> None:
        """Give a version of an object these tags, and no others."""
        bucket, key = split_uri(uri)
        tag_set = [{"Key": name, "Value": value} for name, value in sorted(tags.items())]
        self.call(
            "put_object_tagging",
            Bucket=bucket,
            Key=key,
            VersionId=version,
            Tagging={"TagSet": tag_set},
        )

    def put(
        self,
        uri: str,
        content: bytes | IO[bytes],
        *,
        sha256: str,
        kms_key: str | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> StoredObject:
        """Write an object once; an object that is there is checked by its recorded digest.

        `kms_key` is the id, ARN or alias ARN of the key (SSE-KMS); `metadata` is kept with a new
        object. Raises `NameTaken` when the object there was written from other content.
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
                ChecksumSHA256=_checksum(content),
                Metadata={**(metadata or {}), "sha256": sha256},
                **encryption,
            )
            return StoredObject(uri, sha256, str(reply.get("VersionId", "")), created=True)
        except AwsCallError as error:
            if not error.conditional:
                raise
        stored = self.head(uri) or {}
        recorded = stored.get("Metadata", {}).get("sha256") or self.digest(uri)
        if recorded != sha256:
            raise NameTaken(
                f"{uri} holds other content (SHA-256 {recorded}) than {sha256}; not overwritten",
                principal=self.principal,
                next_step="Find who wrote it, and remove it if it has no right to be there.",
            )
        return StoredObject(uri, sha256, str(stored.get("VersionId", "")), created=False)

    def copy(self, source: str, target: str, *, kms_key: str) -> StoredObject:
        """Copy an object through this principal's hands, digesting it on the way.

        A server-side copy proves no digest of what it read; models are small.
        """
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "object"
            digest = self.download(source, path)
            with path.open("rb") as content:
                return self.put(target, content, sha256=digest, kms_key=kms_key)

    def fetch(self, uri: str, target: Path | IO[bytes] | None) -> Fetched:
        """Read an object once, in chunks, into a file if one is given."""
        bucket, key = split_uri(uri)
        reply = self.call("get_object", Bucket=bucket, Key=key)
        digest = hashlib.sha256()
        with contextlib.ExitStack() as stack:
            out = stack.enter_context(target.open("wb")) if isinstance(target, Path) else target
            for chunk in reply["Body"].iter_chunks(CHUNK):
                digest.update(chunk)
                if out is not None:
                    out.write(chunk)
        return Fetched(digest.hexdigest(), str(reply.get("VersionId", "")))


def _checksum(content: bytes | IO[bytes]) -> str:
    """Return the SHA-256 of what is sent, as S3 writes it: base64 of its bytes."""
    digest = hashlib.sha256()
    if isinstance(content, bytes):
        digest.update(content)
    else:
        begin = content.tell()
        while chunk := content.read(CHUNK):
            digest.update(chunk)
        content.seek(begin)
    return base64.b64encode(digest.digest()).decode()


def split_uri(uri: str) -> tuple[str, str]:
    """Return the bucket and the key of an `s3://` URI."""
    scheme, _, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket or not key:
        raise BadInput(f"{uri!r} is no S3 object", next_step="Write s3://<bucket>/<key>.")
    return bucket, key
