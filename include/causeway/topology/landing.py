"""Buckets of others that raw files are taken from: declared, so that the ingester may read them."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from causeway.documents import Strict

Bucket = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^[^*?,\s]*$")]
KeyArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/.+$")]


class LandingBucket(Strict):
    """A bucket in which raw files land, the keys that begin with a prefix, and what encrypts them.

    The bucket's own policy has to let the ingester of the data account read, and its key's policy
    decrypt.
    """

    bucket: Bucket
    prefix: Prefix = ""
    kms_key: KeyArn | None = None

    def holds(self, uri: str) -> bool:
        """Tell whether an object is one of those."""
        return uri.startswith(f"s3://{self.bucket}/{self.prefix}")
