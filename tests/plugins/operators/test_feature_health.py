"""Freshness: a group whose last ingestion is too old is alerted, others are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from causeway.features.groups import create_request
from causeway.features.health import IngestSummary, writes
from causeway.features.origins import Origin, Synthetic
from causeway.reporting.alerts import Alert
from causeway_airflow.configuration import case_of, topology, use_cases
from causeway_airflow.operators.feature_health import FeatureHealthOperator
from causeway_airflow.tasks import feature_health
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context

SUMMARY = IngestSummary(
    group="", use_case_id="credit_risk", source="file", input_sha256="0" * 64, stores="both",
    job="", code="", commit="", run="run-1", rows=1, written=1, older=0, unchanged=0, rejected=0,
    failed=0, retried=0, appended=1, bytes=1, seconds=1.0, rejects_uri="", empty={}, faulty={},
    appended_since=datetime(2026, 1, 1, tzinfo=UTC), finished_at=datetime(2026, 1, 1, tzinfo=UTC),
    origin=Origin("file"), synthetic=Synthetic.NO,
)  # fmt: skip


def test_a_stale_group_is_alerted(platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    from causeway_airflow.hooks.governance import GovernanceHook

    case, now = case_of("credit_risk"), datetime.now(UTC)
    limits = {"health-late": 1.0, "health-fresh": 24.0, "health-free": None, "health-none": 1.0}
    limits |= {"health-new": 24.0, "health-never": 1e-9}
    groups = tuple(
        case.feature_groups[0].model_copy(
            update={"name": name, "fresh_hours": hours, "raw_source": "applications"}
        )
        for name, hours in limits.items()
    )
    changed = case.model_copy(update={"feature_groups": groups})
    monkeypatch.setattr(feature_health, "use_cases", lambda: (changed,))
    raised: list[Alert] = []

    def note(hook: Any, alerts: Any) -> int:
        raised.extend(alerts)
        return len(raised)

    monkeypatch.setattr(feature_health, "raise_alerts", note)
    table = GovernanceHook("causeway_governance_recorder")
    for name in ("health-late", "health-fresh", "health-free"):
        at = now - timedelta(hours=3)
        for write in writes(replace(SUMMARY, group=name, finished_at=at)):
            table.apply(write)
    store = platform.client("sagemaker", "data")
    for group in groups[-2:]:
        store.create_feature_group(**create_request(group, case, topology()))
    operator = FeatureHealthOperator(task_id="judge")
    stale = operator.perform(context())  # type: ignore[arg-type]
    assert stale == {"health-late": 2.0, "health-never": 0.0}
    late, never = raised
    assert "health-late is stale: its next ingestion is 2 hours late" in late.what
    assert "Run credit_risk__features for its source applications" in late.next_step
    assert late.subject.endswith("feature-group/health-late")
    assert "health-never is stale: its first ingestion is 0 hours late" in never.what


def test_each_shipped_group_says_how_fresh_it_must_be() -> None:
    assert all(group.fresh_hours for case in use_cases() for group in case.feature_groups)
