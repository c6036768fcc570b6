"""Reports of the platform: where each is stored, and the item that leads to it.

A report is a JSON and a Markdown object of the governance account's bucket, named after its kind
and run; the governance table holds an item for each, by kind and time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from causeway.instants import instant
from causeway.items import Key, Update
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology

ACCESS_LOG: Final = "access-log"
ACCESS_MATRIX: Final = "access-matrix"
ACCESS_REVIEW: Final = "access-review"
ERASURE: Final = "erasure"


@dataclass(frozen=True)
class Report:
    """One report: its content in both forms, and the few figures that a list of reports shows."""

    kind: str
    run: str
    at: datetime
    summary: Mapping[str, int]
    content: Mapping[str, Any]
    markdown: str

    def uri(self, topology: Topology, suffix: str) -> str:
        """Return where the form with that suffix (`json`, `md`) is stored."""
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", self.run)
        bucket = topology.bucket(AccountRole.GOVERNANCE)
        return f"s3://{bucket}/reports/{self.kind}/{name}.{suffix}"

    def update(self, topology: Topology) -> Update:
        """Return the write of the item; the same run writes the same item again."""
        key = Key(f"REPORT#{self.kind}", f"{instant(self.at)}#{self.run}")
        item = {
            **key.item(),
            "kind": self.kind,
            "run": self.run,
            "at": instant(self.at),
            "summary": dict(self.summary),
            "uri": self.uri(topology, "json"),
        }
        # Lets two cases through: there is none, and a retry of the same run writes it again.
        condition = "attribute_not_exists(pk) OR #run = :run"
        return Update(key, condition, {":run": self.run}, {"#run": "run"}, item=item)
