"""The objects of a table's folder, as the caller of a query may read them.

An offline store has an object for each hour; asking the gateway for each of thousands would take
most of a minute. Objects that every policy treats alike are of one kind: the same tags, the same
key, matched by the same `Resource` elements. One of each kind is read through the gateway with the
caller's credentials, where everything is decided; the others of its kind are taken from the bucket.
An object whose key is not the bucket's has its own name in the encryption context, so it is of a
kind by itself, and so is each one where a policy's resources have variables.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localaws.door.routing import bucket_of
from localaws.identity.authorisation import gathering, resource_policies
from localaws.identity.authorisation.needs.s3_encryption import by_the_bucket, object_of, used_key

if TYPE_CHECKING:
    import pyarrow as pa

    from causeway.iam import Policy
    from localaws.kit.service import Call


#: How much is kept of what was decoded, in each account.
KEPT_BYTES = 128 * 2**20


@dataclass(frozen=True)
class StoredObject:
    """An object as it is now; `tag` changes with its content."""

    key: str
    tag: str
    size: int
    stored: Any

    def content(self) -> bytes:
        """Return its bytes."""
        return bytes(self.stored.value)


@dataclass
class DecodedFolders:
    """The rows of folders that were read lately: whoever may read the same objects gets the same.

    The permissions are asked for in each query; only the decoding is saved.
    """

    rows: OrderedDict[Hashable, pa.Table] = field(default_factory=OrderedDict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: Hashable, decode: Callable[[], pa.Table]) -> pa.Table:
        """Return the rows of that key; the least recently used ones make room for others."""
        with self.lock:
            table = self.rows.pop(key, None)
        if table is None:
            table = decode().combine_chunks()
        if table.nbytes <= KEPT_BYTES:
            with self.lock:
                self.rows[key] = table
                while sum(kept.nbytes for kept in self.rows.values()) > KEPT_BYTES:
                    self.rows.popitem(last=False)
        return table


def objects(call: Call, s3: Any, bucket: str, prefix: str) -> tuple[StoredObject, ...]:
    """Return what lies in a folder, in order of its keys.

    Raises:
        ClientError: the caller may not list the folder, or not read an object in it.
    """
    s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    store = bucket_of(bucket)
    policies = _policies(call, bucket)
    kinds: set[tuple[object, ...]] = set()
    listed = []
    for key in sorted(_keys(store, prefix)):
        stored = object_of(store, key, None)
        if stored is None:
            continue
        kind = _kind(store, key, stored, policies)
        if kind not in kinds:
            s3.get_object(Bucket=bucket, Key=key)["Body"].close()
            kinds.add(kind)
        tag = f"{stored.etag}{stored.version_id}"
        listed.append(StoredObject(key, tag, int(stored.size), stored))
    return tuple(listed)


def _keys(bucket: Any, prefix: str) -> Iterator[str]:
    for key in list(bucket.keys):
        # Athena ignores folders, and objects whose name begins with "." or "_".
        name = key.rpartition("/")[2]
        if key.startswith(prefix) and name and name[0] not in "._":
            yield key


def _policies(call: Call, bucket: str) -> tuple[Policy, ...]:
    """Return every policy whose resources may tell objects of a bucket apart."""
    own = gathering.policies_of(call.identities, call.caller)
    boundary = (own.boundary,) if own.boundary else ()
    # A bucket's policy is looked up by its name alone.
    of_bucket = resource_policies.of_resource(call.host, f"arn:aws:s3:::{bucket}")
    return (*own.identity, *boundary, *(own.session or ()), *of_bucket)


def _kind(bucket: Any, key: str, stored: Any, policies: tuple[Policy, ...]) -> tuple[object, ...]:
    from moto.s3.models import s3_backends

    encrypted_with = used_key(stored, bucket)
    alone = encrypted_with is not None and not by_the_bucket(bucket)
    arn, matched = f"arn:aws:s3:::{bucket.name}/{key}", []
    for policy in policies:
        for statement in policy.statements:
            if statement.resources is None:
                continue
            alone = alone or statement.resources.has_variables
            matched.append(statement.resources.match(arn, {}))
    tagger = s3_backends[bucket.account_id]["aws"].tagger
    tags = tuple(sorted(tagger.get_tag_dict_for_resource(stored.arn).items()))
    return (key if alone else "", encrypted_with, tags, tuple(matched))
