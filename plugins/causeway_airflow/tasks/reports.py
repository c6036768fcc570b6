"""Reports in the governance account: each form in the bucket, then the item that leads to them."""

from __future__ import annotations

from causeway.digests import canonical_json
from causeway.reporting.reports import Report
from causeway.topology.account_roles import AccountRole
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.artifacts import ArtifactsHook, split_uri
from causeway_airflow.hooks.governance import GovernanceHook
from causeway_airflow.tasks.acting import Hooks


def store_report(hook: Hooks, report: Report, pdf: bytes | None = None) -> str:
    """Store a report as the recorder and return the URI of its JSON; the same run overwrites it.

    `pdf` is its form for print, where it has one.
    """
    accounts, recorder = topology(), (AccountRole.GOVERNANCE, "recorder")
    s3 = hook(ArtifactsHook, *recorder)
    forms = [
        ("json", "application/json", canonical_json(report.content).encode()),
        ("md", "text/markdown; charset=utf-8", report.markdown.encode()),
    ]
    if pdf is not None:
        forms.append(("pdf", "application/pdf", pdf))
    for suffix, kind, body in forms:
        bucket, key = split_uri(report.uri(accounts, suffix))
        s3.call("put_object", Bucket=bucket, Key=key, Body=body, ContentType=kind)
    hook(GovernanceHook, *recorder).write(report.update(accounts))
    return report.uri(accounts, "json")
