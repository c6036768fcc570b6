"""The records of the lineage in the governance table: written once, read whole."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Final

from causeway.errors import CausewayError
from causeway.items import Key
from causeway.lineage.records import BATCH, COUNTS, Record, counted, puts, record_of
from causeway_airflow.hooks.base import AwsTransientError
from causeway_airflow.hooks.governance import GovernanceHook

#: Runs that end together count in one item: how often one tries, and the first wait between.
ATTEMPTS: Final = 6
WAIT_SECONDS: Final = 0.1


class LineageHook(GovernanceHook):
    """The lineage's partitions of the table."""

    def digests(self, records: Iterable[Record]) -> dict[Key, str]:
        """Return what is held already of some records, by key."""
        items = self.get_many(record.key for record in records)
        return {key: item["digest"] for key, item in items.items()}

    def record(self, records: Sequence[Record], *, settled: bool = True) -> int:
        """Write records with their count; return how many. Unsettled ones are without digest."""
        writes = puts(records, settled=settled)
        for begin in range(0, len(writes), BATCH):
            batch = writes[begin : begin + BATCH]
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    self.transact([*batch, counted(batch)])
                    break
                except AwsTransientError:
                    if attempt == ATTEMPTS:
                        raise
                    time.sleep(WAIT_SECONDS * 2**attempt)
        return len(writes)

    def counts(self) -> dict[str, int]:
        """Return how often records of each kind were written."""
        item = self.get_many([COUNTS]).get(COUNTS, {})
        return {kind: int(count) for kind, count in item.items() if kind not in ("pk", "sk")}

    def records(self, kind: str) -> list[Record]:
        """Return every record of a kind; one that cannot be read is a warning."""
        records = []
        for item in self.query(f"LINEAGE#{kind}"):
            try:
                records.append(record_of(kind, json.loads(item["document"])))
            except (CausewayError, ValueError, TypeError, KeyError) as error:
                self.log.warning("lineage record %s cannot be read: %s", item["sk"], error)
        return records
