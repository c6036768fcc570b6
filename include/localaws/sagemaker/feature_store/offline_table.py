"""The Glue table of an offline store, created and updated with the feature group's role.

By default it is in the database `sagemaker_featurestore`, named after the group and its creation
time; the group's `DataCatalogConfig` can name another. AWS does not document which principal
creates the table; here it is the group's role.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.kit.service import ServiceError
from localaws.sagemaker.feature_store.records import Schema

if TYPE_CHECKING:
    from localaws.sagemaker.feature_store.offline_store import OfflineStore

DATABASE = "sagemaker_featurestore"
TYPES = {"Integral": "bigint", "Fractional": "double", "String": "string"}
ADDED = {"write_time": "timestamp", "api_invocation_time": "timestamp", "is_deleted": "boolean"}
PARTITIONS = ("year", "month", "day", "hour")
FORMAT = "org.apache.hadoop.hive.ql.io.parquet"
SERDE = f"{FORMAT}.serde.ParquetHiveSerDe"


def resolved(config: dict[str, Any], group: str, created: datetime) -> dict[str, Any]:
    """Return the offline configuration with the table's name, unless the table is disabled."""
    if config.get("DisableGlueTableCreation") and not config.get("DataCatalogConfig"):
        return config
    table = f"{group.replace('-', '_')}_{int(created.timestamp())}".lower()
    default = {"TableName": table, "Catalog": "AwsDataCatalog", "Database": DATABASE}
    return {**config, "DataCatalogConfig": config.get("DataCatalogConfig") or default}


def create(store: OfflineStore, config: dict[str, Any]) -> str | None:
    """Create the database and the table; return why that failed, or None."""
    table = config.get("DataCatalogConfig")
    if table is None or config.get("DisableGlueTableCreation"):
        return None
    try:
        glue = store.client("glue")
        _ensure_database(glue, table["Database"])
        glue.create_table(
            DatabaseName=table["Database"], TableInput=_definition(store, table["TableName"])
        )
    except (ServiceError, ClientError, BotoCoreError) as error:
        return f"The Glue table {table['Database']}.{table['TableName']} cannot be made: {error}"
    return None


def extend(store: OfflineStore, config: dict[str, Any]) -> str | None:
    """Add the store's new columns to the table; return why that failed, or None."""
    table = config.get("DataCatalogConfig")
    if table is None or config.get("DisableGlueTableCreation"):
        return None
    try:
        glue = store.client("glue")
        current = glue.get_table(DatabaseName=table["Database"], Name=table["TableName"])["Table"]
        definition = _definition(store, table["TableName"])
        if current["StorageDescriptor"]["Columns"] != definition["StorageDescriptor"]["Columns"]:
            glue.update_table(DatabaseName=table["Database"], TableInput=definition)
    except (ServiceError, ClientError, BotoCoreError) as error:
        return f"The Glue table {table['Database']}.{table['TableName']} cannot be kept: {error}"
    return None


def _ensure_database(glue: Any, name: str) -> None:
    try:
        glue.get_database(Name=name)
    except glue.exceptions.EntityNotFoundException:
        try:
            glue.create_database(DatabaseInput={"Name": name})
        except glue.exceptions.AlreadyExistsException:
            return  # created meanwhile for another group


def _definition(store: OfflineStore, name: str) -> dict[str, Any]:
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "parquet.compression": "SNAPPY"},
        "PartitionKeys": [{"Name": part, "Type": "string"} for part in PARTITIONS],
        "StorageDescriptor": {
            "Columns": _columns(store.schema),
            "Location": f"s3://{store.bucket}/{store.prefix}",
            "InputFormat": f"{FORMAT}.MapredParquetInputFormat",
            "OutputFormat": f"{FORMAT}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": SERDE},
        },
    }


def _columns(schema: Schema) -> list[dict[str, str]]:
    kinds = {name: TYPES[kind] for name, kind in schema.types.items()} | ADDED
    return [{"Name": name, "Type": kind} for name, kind in kinds.items()]
