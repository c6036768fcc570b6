"""Alerts: what a person has to look at, in one form.

An alert is published to one topic of the governance account and written to the log as one line.
People and systems subscribe to the topic and filter by its attributes; see docs/access.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from causeway.digests import canonical_json
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.names import ALERTS_TOPIC

#: SNS takes a subject of up to 99 ASCII characters; a part of an alert is cut long before the
#: 256 KiB of a message.
_SUBJECT: Final = 99
_PART: Final = 2000

#: What looks like a secret in the words of an error. Access key ids are none, but say too much.
_SECRETS: Final = (
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"), "***"),
    (re.compile(r"(://)[^/\s:@]+:[^/\s@]+@"), r"\1***@"),
    (re.compile(r"(?i)(\b(?:bearer|basic)\s+)[\w+/=.~-]{8,}"), r"\1***"),
    (
        re.compile(
            r"(?i)([\w-]*(?:secret|password|passwd|token|signature|credential|api_?key)[\w-]*"
            r"[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;]+"
        ),
        r"\1***",
    ),
)


class Severity(StrEnum):
    """How soon somebody has to look; a notice says that something waits for people."""

    NOTICE = "notice"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True)
class Alert:
    """One thing that a person has to look at.

    `subject` is the ARN of what it is about, `account` the account where it happened, `run` the DAG
    run that noticed. Texts are one line each, and what looks like a secret is masked in them.
    """

    what: str
    severity: Severity
    account: str
    subject: str
    next_step: str
    run: str

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not isinstance(value, Severity):
                object.__setattr__(self, field.name, without_secrets(value))

    def __str__(self) -> str:
        return (
            f"{self.severity.upper()} {self.what} (account {self.account}, {self.subject}, "
            f"run {self.run}). Next step: {self.next_step}"
        )

    def body(self) -> dict[str, str]:
        """The alert as subscribers read it."""
        return {
            "alert": self.what,
            "severity": self.severity.value,
            "account": self.account,
            "subject": self.subject,
            "next_step": self.next_step,
            "run": self.run,
        }

    def request(self, topology: Topology) -> dict[str, Any]:
        """The `Publish` request; severity and account are attributes to filter by."""
        title = f"[{self.severity.value}] {self.what}"
        plain = re.sub(r"[^\x20-\x7e]", "?", title)
        return {
            "TopicArn": topic_arn(topology),
            "Subject": plain if len(plain) <= _SUBJECT else f"{plain[: _SUBJECT - 3]}...",
            "Message": canonical_json(self.body()),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in (("severity", self.severity.value), ("account", self.account))
            },
        }


def topic_arn(topology: Topology) -> str:
    """Return the ARN of the one topic of alerts."""
    account = topology.account(AccountRole.GOVERNANCE)
    return f"arn:{topology.partition}:sns:{topology.region}:{account}:{ALERTS_TOPIC}"


def without_secrets(text: str) -> str:
    """Return a text as one line of bounded length, with what looks like a secret masked."""
    line = " ".join(text.split())
    for pattern, mask in _SECRETS:
        line = pattern.sub(mask, line)
    return line if len(line) <= _PART else f"{line[: _PART - 1]}…"
