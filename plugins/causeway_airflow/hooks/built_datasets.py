"""Datasets that were built, as their bucket holds them."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from causeway.erasure.offline_rows import contains
from causeway_airflow.hooks.artifacts import ArtifactsHook


class BuiltDatasetsHook(ArtifactsHook):
    """The datasets below `datasets/<use case>/`, with what stands beside each of them."""

    def all(self, bucket: str, use_case: str) -> list[tuple[str, dict[str, Any]]]:
        """Return URI and description (`dataset.json`) of every dataset of a use case."""
        datasets: list[tuple[str, dict[str, Any]]] = []
        page: dict[str, Any] = {}
        while True:
            reply = self.call(
                "list_objects_v2", Bucket=bucket, Prefix=f"datasets/{use_case}/", **page
            )
            for item in reply.get("Contents", ()):
                if item["Key"].endswith("/dataset.json"):
                    uri = f"s3://{bucket}/{item['Key']}"
                    about = json.loads(self.read(uri))
                    datasets.append((uri.removesuffix(".json") + ".parquet", about))
            if not reply.get("IsTruncated"):
                return datasets
            page = {"ContinuationToken": reply["NextContinuationToken"]}

    def holds(self, uri: str, column: str, record: str) -> bool:
        """Tell whether a dataset has a row of that record."""
        with tempfile.TemporaryDirectory(prefix="causeway-dataset-") as folder:
            path = Path(folder) / "dataset.parquet"
            self.download(uri, path)
            return contains(path, column, record)
