"""Reports in the governance account: each form in the bucket, then the item that leads to them."""

from __future__ import annotations

from typing import Final

from causeway.digests import canonical_json
from causeway.reporting.reports import Report
from causeway.topology.account_roles import AccountRole
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.artifacts import ArtifactsHook, split_uri
from causeway_airflow.hooks.governance import GovernanceHook
from causeway_airflow.tasks.acting import Hooks

_RECORDER: Final = (AccountRole.GOVERNANCE, "recorder")


def store_report(hook: Hooks, report: Report) -> str:
    """Store a report as the recorder and return the URI of its JSON; the same run overwrites it."""
    accounts = topology()
    forms = [
        ("json", "application/json", canonical_json(report.content).encode()),
        ("md", "text/markdown; charset=utf-8", report.markdown.encode()),
    ]
    for suffix, kind, body in forms:
        _store(hook, report.uri(accounts, suffix), kind, body)
    hook(GovernanceHook, *_RECORDER).write(report.update(accounts))
    return report.uri(accounts, "json")


def store_pdf(hook: Hooks, report: Report, pdf: bytes) -> None:
    """Store a report's form for print beside the others."""
    _store(hook, report.uri(topology(), "pdf"), "application/pdf", pdf)


def _store(hook: Hooks, uri: str, kind: str, body: bytes) -> None:
    bucket, key = split_uri(uri)
    s3 = hook(ArtifactsHook, *_RECORDER)
    s3.call("put_object", Bucket=bucket, Key=key, Body=body, ContentType=kind)
