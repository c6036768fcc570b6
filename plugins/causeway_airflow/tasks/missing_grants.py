"""Which of the four grants of a cross-account read is missing: each is tried by its own call."""

from __future__ import annotations

from causeway.datasets.query import TableName
from causeway.errors import NotSharedYet
from causeway_airflow.hooks.artifacts import ArtifactsHook, split_uri
from causeway_airflow.hooks.athena import AthenaHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.glue import GlueHook
from causeway_airflow.tasks.acting import Hooks


def missing_grant(hook: Hooks, table: TableName, owner: str) -> NotSharedYet | None:
    """Return an error that names the first grant that is missing; None when all are there.

    `owner` is the account that the table belongs to.
    """
    refused = _refused(hook, table, owner)
    if refused is None:
        return None
    grant, error = refused
    return NotSharedYet(
        f"{table} cannot be read: the {grant} is missing ({error.code}: {error.text})",
        account=owner,
        principal=hook(GlueHook).principal,
        next_step="Run platform__accounts and platform__sharing; this task looks again.",
    )


def _refused(hook: Hooks, table: TableName, owner: str) -> tuple[str, AwsCallError] | None:
    try:
        hook(AthenaHook).call("get_data_catalog", Name=table.catalog)
    except AwsCallError as error:
        return f"data catalogue {table.catalog} of this account's Athena", error
    try:
        description = hook(GlueHook).call(
            "get_table", CatalogId=owner, DatabaseName=table.database, Name=table.table
        )
    except AwsCallError as error:
        return "Glue resource policy of the owner (or this role's own)", error
    return _objects_refused(hook, description["Table"]["StorageDescriptor"]["Location"])


def _objects_refused(hook: Hooks, location: str) -> tuple[str, AwsCallError] | None:
    store = hook(ArtifactsHook)
    bucket, prefix = split_uri(location)
    try:
        listing = store.call(
            "list_objects_v2", Bucket=bucket, Prefix=f"{prefix.rstrip('/')}/", MaxKeys=1
        )
        for item in listing.get("Contents", []):
            store.call("get_object", Bucket=bucket, Key=item["Key"])["Body"].close()
    except AwsCallError as error:
        key = "kms" in error.text.lower()
        return f"{'key' if key else 'bucket'} policy of the owner", error
    return None
