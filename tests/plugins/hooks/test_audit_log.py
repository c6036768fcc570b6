"""CloudTrail's event history, which goes back 90 days."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from tests.local_platform import LocalPlatform


def test_what_lies_before_the_history_is_left_out_and_said(
    shared: LocalPlatform,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from causeway_airflow.hooks.audit_log import AuditLogHook

    shared.client("kms", "data").create_key()
    history = AuditLogHook("causeway_data_data_auditor")
    monkeypatch.setattr(history, "_log", logging.getLogger("history"))
    with caplog.at_level(logging.WARNING):
        calls = history.calls("CreateKey", datetime.now(UTC) - timedelta(days=365))
    assert "goes back 90 days: CreateKey is looked for since" in caplog.text
    assert "CreateKey" in {json.loads(call)["eventName"] for call in calls}
