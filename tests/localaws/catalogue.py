"""A Glue table that tests share, and a policy that opens it to another account."""

from __future__ import annotations

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.features import CONSUMER, OWNER
from tests.localaws.policies import document, statement

START = f"arn:aws:glue:{REGION}:{ACCOUNTS[OWNER]}"
TABLE = {
    "Name": "Loans",
    "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "string"}], "Location": "s3://b/x"},
}
#: The table, as another account asks for it.
LOANS = {"CatalogId": ACCOUNTS[OWNER], "DatabaseName": "lake", "Name": "loans"}


def policy(*resources: str) -> str:
    """Return a catalogue policy that lets the consumer read these resources."""
    reading = statement(["glue:GetTable", "glue:GetTables"], list(resources))
    return document({**reading, "Principal": {"AWS": ACCOUNTS[CONSUMER]}})
