"""The copy of a gate report in the governance table, for pages and reports.

They read the table alone, and no duty of theirs reaches the bucket of the artifacts. The copy is
the very text that was digested, so that whoever shows it compares it with the digest that decisions
are bound to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from causeway.digests import sha256
from causeway.gates.report import read_report
from causeway.items import Update
from causeway.topology.arns import ModelPackageArn
from causeway.versions.keys import gate_report_copy_key

#: Lets two cases through: there is no copy yet, or it says something else than the report.
#: Names: #text; values: :text.
NOT_COPIED: Final = "attribute_not_exists(pk) OR #text <> :text"

#: What a gate's entry holds beside the bounds that its use case declares.
_OTHER: Final = (
    *("kind", "subject", "metric", "attribute", "measure", "inconclusive"),
    *("said", "value", "verdict"),
)


@dataclass(frozen=True)
class GateRow:
    """A gate's answer: which judge, of what, what was declared, what was measured, the verdict."""

    kind: str
    subject: str
    declared: str
    measured: str
    verdict: str


def write_copy(arn: ModelPackageArn, text: str) -> Update:
    """Write a copy of a version's gate report."""
    key = gate_report_copy_key(arn)
    item = key.item() | {"text": text}
    return Update(key, NOT_COPIED, {":text": text}, {"#text": "text"}, item=item)


def gate_rows(item: Mapping[str, Any] | None, digest: str | None) -> tuple[GateRow, ...] | None:
    """Return the gates of a copy; None where there is none, or none of the report that was judged.

    Args:
        item: the item of the copy.
        digest: the SHA-256 of the report that the version was registered with.
    """
    text = item["text"] if item else ""
    if not text or sha256(text) != digest:
        return None
    report = read_report(text, digest, where="in the governance table")
    return tuple(
        GateRow(gate["kind"], gate["subject"], _declared(gate), gate["said"], gate["verdict"])
        for gate in report["gates"]
    )


def _declared(gate: Mapping[str, Any]) -> str:
    words = [
        f"{name.replace('_', ' ')} {', '.join(value) if isinstance(value, list) else value}"
        for name, value in sorted(gate.items())
        if name not in _OTHER and value != []
    ]
    if gate.get("inconclusive") == "pass":
        words.append("passes when inconclusive")
    return ", ".join(words)
