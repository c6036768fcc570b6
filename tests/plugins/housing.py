"""Datasets of California housing, as its training DAG's first task leaves them."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from causeway.datasets.datasets import table_digest
from causeway.digests import sha256
from causeway.ingestion import samples

ABOUT: dict[str, Any] = {"use_case": "california_housing", "model": "california_housing"}
BUCKET = "causeway-data-science-222222222222-eu-central-1"
RENAMED = {
    "housingMedianAge": "housing_median_age",
    "totalRooms": "total_rooms",
    "totalBedrooms": "total_bedrooms",
    "medianIncome": "median_income",
    "medianHouseValue": "median_house_value",
}


def stored_dataset(seed: int = 0) -> str:
    """Store a dataset of 400 rows, others for each seed; return its URI."""
    from causeway_airflow.hooks.artifacts import ArtifactsHook

    sample = samples.text("california_housing", 400, seed)
    rows = pyarrow.csv.read_csv(io.BytesIO(sample.encode())).to_pylist()
    table = pa.Table.from_pylist(
        [
            {"record_id": f"cah-{number:06d}"}
            | {RENAMED.get(name, name): value for name, value in row.items()}
            | {
                "rooms_per_household": row["totalRooms"] / row["households"],
                "bedrooms_per_room": row["totalBedrooms"] / row["totalRooms"],
                "people_per_household": row["population"] / row["households"],
            }
            for number, row in enumerate(rows, 1)
        ]
    )
    sink = io.BytesIO()
    pyarrow.parquet.write_table(table, sink)
    uri = f"s3://{BUCKET}/datasets/california_housing/{table_digest(table)}/dataset.parquet"
    body = sink.getvalue()
    ArtifactsHook("causeway_data_science_trainer").put(uri, body, sha256=sha256(body))
    return uri
