"""Items of the governance table: keys, conditional writes, and the conditions by name.

One table, string keys `pk` and `sk`. The table itself refuses what must not happen: every
write has one of the conditions below, so that of two concurrent runs only one succeeds.

The prefixes of `pk`, each with the module that owns it: VERSION# and DECISION# (`versions.keys`),
SYNC# (`governance.table`), AUDIT# (`governance.audit`), LEASE# and ENDPOINT#
(`deployment.leases`), ERASURE# (`erasure.erasures`), FEATURE_GROUP# (`features.health`), REPORT#
(`reporting.reports`), LINEAGE# (`lineage.records`), USE_CASES and USE_CASE#
(`governance.use_case_record`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

#: Lets one case through: the item does not exist yet. A second writer of the same decision,
#: promotion or first record fails, and reads what is there.
CREATE_ONLY: Final = "attribute_not_exists(pk)"


#: Lets one case through: the record still has the status that the change was planned against.
#: Names: #status; values: :before. A change made in the meantime wins.
STATUS_UNCHANGED: Final = "#status = :before"


@dataclass(frozen=True)
class Key:
    """The primary key of an item."""

    pk: str
    sk: str

    def item(self) -> dict[str, str]:
        """The key as DynamoDB's resource layer takes it."""
        return {"pk": self.pk, "sk": self.sk}


@dataclass(frozen=True)
class Update:
    """One conditional `UpdateItem` (or `PutItem` when `item` is given) of the table.

    With neither expression nor item it is a check: a part of a transaction that changes nothing.
    """

    key: Key
    condition: str
    values: Mapping[str, Any]
    names: Mapping[str, str]
    expression: str | None = None
    item: Mapping[str, Any] | None = None


def create(key: Key, item: Mapping[str, Any]) -> Update:
    """Put an item that must not exist yet."""
    return Update(key, CREATE_ONLY, {}, {}, item=item)


def absent(key: Key) -> Update:
    """Check that an item does not exist, as a part of a transaction."""
    return Update(key, CREATE_ONLY, {}, {})
