"""Where the records of a feature group lie: what its contract says of the two stores.

The online store keeps the latest record of each id for reading by id; the offline store keeps
every write as files for training.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from causeway.documents import Strict

#: Stands for the account's own key in a contract; anything else is a key id, ARN or alias.
ACCOUNT_KEY = "account"

TtlUnit = Literal["Seconds", "Minutes", "Hours", "Days", "Weeks"]
#: A Glue table's name, as Athena takes it without quotes.
TableName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]{0,254}$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")]


class Ttl(Strict):
    """How long a record is kept online, counted from its event time."""

    value: Annotated[int, Field(ge=1)]
    unit: TtlUnit

    def as_request(self) -> dict[str, Any]:
        """The `TtlDuration` of the feature store's requests."""
        return {"Unit": self.unit, "Value": self.value}


class OnlineStore(Strict):
    """The online store: its kind, how long it keeps a record, and its security key.

    Without a `key` the store is encrypted with a key that AWS owns.
    """

    enabled: bool = True
    storage: Literal["Standard", "Standard_V2", "InMemory"] = "Standard"
    ttl: Ttl | None = None
    key: str | None = None


class OfflineStore(Strict):
    """The offline store: its prefix in the data bucket, its Glue table and its key.

    The prefix is below `offline-store/`, which alone consumers read; without one it is the use
    case's. Without a `table` AWS names one.
    """

    enabled: bool = True
    prefix: Prefix | None = None
    table: TableName | None = None
    database: TableName = "sagemaker_featurestore"
    format: Literal["Glue", "Iceberg"] = "Glue"
    key: str | None = ACCOUNT_KEY
