"""P16: one query of an offline store whose records lie in 3,500 hourly objects, beside three.

AWS lays an object for each hour of event times that was written; a year of events has thousands.
Both stores have the same records, and both queries run as the consumer under the four grants.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.server import Accounts, running
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.athena.lake import DATABASE, Lake, filled, run
from tests.localaws.conftest import Aws
from tests.localaws.features import BUCKET, OWNER
from tests.perf.figures import REPETITIONS, Figure, interleaved

HOURS = 3_500
RECORDS = 350_000  # a hundred an hour
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
GOAL = "<= 2 x the same records in three objects"
SQL = (
    'SELECT "record_id", max("amount") AS most FROM {} WHERE NOT "is_deleted" '
    'GROUP BY "record_id" ORDER BY most DESC LIMIT 10'
)


def measure(repetitions: int = REPETITIONS) -> dict[str, Figure]:
    """Measure the query over both stores, in turn."""
    with _stores() as (lake, stores):
        athena = lake.reader().client("athena")
        first = {name: _seconds(athena, table)() for name, table in stores.items()}
        times = interleaved(
            {name: _seconds(athena, table) for name, table in stores.items()}, repetitions
        )
    return {
        "P16": Figure(
            ours=round(times["spread"], 2),
            unit=f"s, {HOURS} objects in hourly partitions",
            goal=GOAL,
            met=times["spread"] <= 2 * times["together"],
            peers={"three objects": round(times["together"], 2)},
            ratio=round(times["spread"] / times["together"], 2),
            note=f"{RECORDS} records; the first query, which decodes them, "
            f"{first['spread']:.2f} s of the spread ones, {first['together']:.2f} s of the three; "
            f"load of the machine meanwhile {os.getloadavg()[0]:.0f}",
        )
    }


def _seconds(athena: Any, table: str) -> Callable[[], float]:
    def measured() -> float:
        began = time.monotonic()
        done = run(athena, SQL.format(table))
        assert done["Status"]["State"] == "SUCCEEDED", done
        return time.monotonic() - began

    return measured


@contextmanager
def _stores() -> Iterator[tuple[Lake, dict[str, str]]]:
    accounts = Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])
    with running(accounts) as server:
        lake = filled(Aws(server))
        lake.open()
        # A key of the bucket's own, as the data account's bucket has.
        rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": lake.key}
        lake.aws.client("s3", OWNER).put_bucket_encryption(
            Bucket=BUCKET,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": rule, "BucketKeyEnabled": True}]
            },
        )
        yield (
            lake,
            {"spread": _store(lake, "spread", HOURS), "together": _store(lake, "together", 3)},
        )


def _store(lake: Lake, name: str, objects: int) -> str:
    """Lay the records into so many objects, each in the partition of its hour."""
    s3, glue = lake.aws.client("s3", OWNER), lake.aws.client("glue", OWNER)
    table = glue.get_table(DatabaseName=DATABASE, Name=lake.table)["Table"]
    kept = ("TableType", "Parameters", "PartitionKeys", "StorageDescriptor")
    definition = {key: table[key] for key in kept} | {"Name": name}
    location = f"s3://{BUCKET}/{name}/data"
    definition["StorageDescriptor"] = {**table["StorageDescriptor"], "Location": location}
    glue.create_table(DatabaseName=DATABASE, TableInput=definition)
    each = RECORDS // objects
    for number in range(objects):
        last = RECORDS if number == objects - 1 else (number + 1) * each
        hour = FIRST + timedelta(hours=number)
        folder = f"{name}/data/year={hour:%Y}/month={hour:%m}/day={hour:%d}/hour={hour:%H}"
        body = _parquet(range(number * each, last), hour)
        s3.put_object(
            Bucket=BUCKET,
            Key=f"{folder}/{hour:%Y%m%dT%H%M%S}Z_{number:016}.parquet",
            Body=body,
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=lake.key,
        )
    return f'"causeway_data"."{DATABASE}"."{name}"'


def _parquet(records: range, hour: datetime) -> bytes:
    moment = pa.array([hour.replace(tzinfo=None)] * len(records), pa.timestamp("ms"))
    rows = pa.table(
        {
            "record_id": [f"sgc-{n:06}" for n in records],
            "event_time": [f"{hour:%Y-%m-%dT%H:%M:%SZ}"] * len(records),
            "duration": pa.array([n % 60 for n in records], pa.int64()),
            "amount": pa.array([float(n) for n in records], pa.float64()),
            "write_time": moment,
            "api_invocation_time": moment,
            "is_deleted": pa.array([False] * len(records), pa.bool_()),
        }
    )
    sink = io.BytesIO()
    pq.write_table(rows, sink)
    return sink.getvalue()
