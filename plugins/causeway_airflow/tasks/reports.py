"""Reports in the governance account: both forms in the bucket, then the item that leads to them."""

from __future__ import annotations

from causeway.digests import canonical_json
from causeway.reporting.reports import Report
from causeway.topology.accounts import AccountRole, Topology
from causeway.topology.connections import connection_id
from causeway_airflow.hooks.artifacts import ArtifactsHook, split_uri
from causeway_airflow.hooks.governance import GovernanceHook


def store_report(report: Report, places: Topology, region: str | None = None) -> str:
    """Store a report as the recorder and return the URI of its JSON; the same run overwrites it."""
    connection = connection_id(AccountRole.GOVERNANCE, "recorder")
    s3 = ArtifactsHook(connection, region)
    for suffix, kind, body in (
        ("json", "application/json", canonical_json(report.content)),
        ("md", "text/markdown; charset=utf-8", report.markdown),
    ):
        bucket, key = split_uri(report.uri(places, suffix))
        s3.call("put_object", Bucket=bucket, Key=key, Body=body.encode(), ContentType=kind)
    GovernanceHook(connection, region).write(report.update(places))
    return report.uri(places, "json")
