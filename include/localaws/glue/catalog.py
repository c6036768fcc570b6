"""The Data Catalog of one account in one region."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localaws.kit.paging import Pager
from localaws.kit.service import Call, ServiceError

GLUE = Pager("NextToken", "MaxResults", 100, "InvalidInputException")


@dataclass
class Database:
    """A database, its tables by name, and their partitions by their values."""

    described: dict[str, Any]
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    partitions: dict[str, dict[tuple[str, ...], dict[str, Any]]] = field(default_factory=dict)


@dataclass
class CatalogPolicy:
    """The catalog's resource policy."""

    text: str
    digest: str
    created: datetime
    updated: datetime


@dataclass
class Catalog:
    """Databases by name, and the resource policy."""

    databases: dict[str, Database] = field(default_factory=dict)
    policy: CatalogPolicy | None = None

    @classmethod
    def of(cls, call: Call) -> Catalog:
        """Return the catalog of `CatalogId`, by default the caller's."""
        return call.store(cls, catalog_id(call), call.region)

    def database(self, name: str) -> Database:
        """Return a database; EntityNotFoundException."""
        database = self.databases.get(name.lower())
        if database is None:
            raise missing(f"Database {name} not found.")
        return database

    def table(self, database: str, name: str) -> dict[str, Any]:
        """Return a table; EntityNotFoundException."""
        table = self.database(database).tables.get(name.lower())
        if table is None:
            raise missing(f"Table {name} not found.")
        return table


def catalog_id(call: Call) -> str:
    """Return the account of the call's catalog."""
    return str(call.params.get("CatalogId") or call.account)


def only(call: Call, params: dict[str, Any], supported: set[str]) -> None:
    """Refuse parameters that are not supported, instead of ignoring them."""
    if unknown := sorted(set(params) - supported):
        raise ServiceError(
            "UnsupportedOperation",
            f"{call.service}:{call.operation} with {', '.join(unknown)} is not served by the "
            "local AWS.",
            501,
        )


def missing(message: str) -> ServiceError:
    """Return Glue's error for something that does not exist."""
    return ServiceError("EntityNotFoundException", message)


def refused(message: str) -> ServiceError:
    """Return Glue's error for bad input."""
    return ServiceError("InvalidInputException", message)
