"""Datasets that were built, as their bucket holds them."""

from __future__ import annotations

import json
from typing import Any

from causeway_airflow.hooks.artifacts import ArtifactsHook


class BuiltDatasetsHook(ArtifactsHook):
    """The datasets below `datasets/<use case>/`, with what stands beside each of them."""

    def all(self, bucket: str, use_case: str) -> list[tuple[str, dict[str, Any]]]:
        """Return URI and description (`dataset.json`) of every dataset of a use case."""
        datasets: list[tuple[str, dict[str, Any]]] = []
        token: dict[str, Any] = {}
        while True:
            reply = self.call(
                "list_objects_v2", Bucket=bucket, Prefix=f"datasets/{use_case}/", **token
            )
            for item in reply.get("Contents", ()):
                if item["Key"].endswith("/dataset.json"):
                    uri = f"s3://{bucket}/{item['Key']}"
                    description = json.loads(self.read(uri))
                    datasets.append((uri.removesuffix(".json") + ".parquet", description))
            if not reply.get("IsTruncated"):
                return datasets
            token = {"ContinuationToken": reply["NextContinuationToken"]}
