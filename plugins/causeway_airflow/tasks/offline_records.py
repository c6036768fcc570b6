"""One record in the objects of an offline store: where it is, and how it is taken out.

The order is what makes it safe: the new version of an object is written and verified by S3 before
an old one goes. So nothing but the record is lost wherever the erasure stops, and the bucket shows
what is left to do.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from causeway.erasure.offline_rows import StoredRows, rows_in, write_without
from causeway_airflow.hooks.offline_objects import ObjectVersion, OfflineObjectsHook, OfflineStore

READERS: Final = 8


class OfflineRecord:
    """A record in one offline store; each version of an object is read once.

    :param objects: the hook of a duty that may read, write and delete versions there
    :param store: the feature group's offline store
    :param record: the record's identifier
    """

    def __init__(self, objects: OfflineObjectsHook, store: OfflineStore, record: str) -> None:
        self.objects, self.store, self.record = objects, store, record
        self._read: dict[tuple[str, str], StoredRows] = {}

    def by_version(self) -> dict[ObjectVersion, StoredRows]:
        """Return what each version that exists now has of the record."""
        versions = self.objects.versions(self.store)
        with ThreadPoolExecutor(READERS) as threads:
            return dict(zip(versions, threads.map(self._look, versions), strict=True))

    def erase(self) -> tuple[int, int]:
        """Take the record's rows out of every version; return the rows and the versions with it.

        A current object is written again without them; then every version that has them is
        deleted, old ones whole: what an old version had of other records was replaced before.
        """
        rows = versions = 0
        contents = self.by_version()
        for version in sorted(contents, key=lambda version: (version.key, not version.latest)):
            if not contents[version].rows:
                continue
            if version.latest:
                rows += self._replace(version)
            self.objects.delete(self.store, version)
            versions += 1
        return rows, versions

    def _look(self, version: ObjectVersion) -> StoredRows:
        name = (version.key, version.version_id)
        if name not in self._read:
            with tempfile.TemporaryDirectory(prefix="causeway-erase-") as folder:
                path = Path(folder) / "object.parquet"
                self.objects.fetch(self.store, version, path)
                self._read[name] = rows_in(
                    path, self.store.identifier, self.store.event_time, self.record
                )
        return self._read[name]

    def _replace(self, version: ObjectVersion) -> int:
        with tempfile.TemporaryDirectory(prefix="causeway-erase-") as folder:
            source, target = Path(folder) / "object.parquet", Path(folder) / "without.parquet"
            metadata = self.objects.fetch(self.store, version, source)
            dropped = write_without(source, target, self.store.identifier, self.record)
            self.objects.write(self.store, version.key, target, metadata)
        return dropped
