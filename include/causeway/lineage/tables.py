"""Lineage as rows: the columns of the public `ml-lineage-helper`, for `pandas.DataFrame(rows)`.

(aws-samples/ml-lineage-helper, `ml_lineage.py` and `query_lineage.py`; "Datset Name" is theirs.)
Where the helper has the ARN of an artifact, a row has the thing's id: its ARN or its digest.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from causeway.lineage.questions import Subgraph
from causeway.lineage.things import Kind, Thing

Row = dict[str, str | None]


def lineage_rows(part: Subgraph) -> list[Row]:
    """Return a row for each edge."""
    return [
        {
            "Name/Source": edge.source.name,
            "Association": edge.relation.value,
            "Name/Destination": edge.target.name,
            "Artifact Source ARN": edge.source.id,
            "Artifact Destination ARN": edge.target.id,
            "Source URI": _uri(edge.source),
            "Base64 Feature Store Query String": _query(edge.source),
            "Git URL": edge.source.facts.get("link") or None,
        }
        for edge in part.edges
    ]


def group_rows(groups: Iterable[Thing]) -> list[Row]:
    """Return a row for each feature group."""
    return [
        {
            "Feature Group Name": group.name,
            "Feature Group Artifact ARN": group.id,
            "Feature Group ARN": group.id,
            "Feature Group S3 URI": group.facts.get("offline_uri") or None,
            "Feature Group Table Name": group.facts.get("table") or None,
        }
        for group in groups
    ]


def source_rows(sources: Iterable[Thing]) -> list[Row]:
    """Return a row for each data source."""
    return [
        {"Datset Name": s.name, "Dataset Artifact ARN": s.id, "Dataset S3 URI": _uri(s)}
        for s in sources
    ]


def model_rows(part: Subgraph) -> list[Row]:
    """Return a row for each version and its artifact."""
    return [
        {
            "SageMaker Model Name": edge.target.name,
            "Model S3 URI": _uri(edge.source),
            "Created By": edge.target.facts.get("trained_by") or None,
        }
        for edge in part.edges
        if (edge.source.kind, edge.target.kind) == (Kind.ARTIFACT, Kind.VERSION)
    ]


def _uri(thing: Thing) -> str | None:
    uri: str | None = thing.facts.get("uri") or (thing.id if thing.kind is Kind.GROUP else None)
    return uri


def _query(thing: Thing) -> str | None:
    query = thing.facts.get("query")
    return base64.b64encode(query.encode()).decode() if query else None
