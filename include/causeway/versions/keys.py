"""Where the governance table keeps what it knows of a version.

Records are in one partition, what people decided and the facts that they decided on in another:
`dynamodb:LeadingKeys` tells partitions apart, so that only the duty that decides writes there.
"""

from __future__ import annotations

from typing import Final

from causeway.items import Key
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Stage

#: Sort keys beside a version's records, of evidence that no entry of the audit is about: the copy
#: of its gate report, and what its model cards were exported to. Decisions are bound to digests.
GATE_REPORT_COPY: Final = "GATE_REPORT"
CARD_EXPORT: Final = "CARD#"


def version_pk(arn: ModelPackageArn) -> str:
    """Return the partition of a version's records, promotion and refused gestures."""
    return f"VERSION#{arn}"


def decisions_pk(arn: ModelPackageArn) -> str:
    """Return the partition of a version's facts, decisions and revocations."""
    return f"DECISION#{arn}"


def stage_key(arn: ModelPackageArn, stage: Stage) -> Key:
    """Return the key of a stage record."""
    return Key(version_pk(arn), f"STAGE#{stage.value}")


def decision_key(arn: ModelPackageArn, target: Stage, attempt: int) -> Key:
    """Return the key of the decision on entry into a stage, in one promotion attempt."""
    return Key(decisions_pk(arn), f"DECISION#{target.value}#{attempt}")


def revocation_key(arn: ModelPackageArn, attempt: int) -> Key:
    """Return the key of the revocation of a promotion attempt; there is one at most."""
    return Key(decisions_pk(arn), f"REVOCATION#{attempt}")


def facts_key(arn: ModelPackageArn) -> Key:
    """Return the key of what a version was when it was first seen."""
    return Key(decisions_pk(arn), "FACTS")


def refusal_key(arn: ModelPackageArn, event_id: str) -> Key:
    """Return the key of a refused gesture, by the event that it was."""
    return Key(version_pk(arn), f"REFUSAL#{event_id}")


def promotion_key(arn: ModelPackageArn) -> Key:
    """Return the key of a version's latest promotion attempt."""
    return Key(version_pk(arn), "PROMOTION")


def gate_report_copy_key(arn: ModelPackageArn) -> Key:
    """Return the key of the copy of a version's gate report."""
    return Key(version_pk(arn), GATE_REPORT_COPY)


def card_export_key(arn: ModelPackageArn, card_version: int) -> Key:
    """Return the key of what a version of its model card was exported to."""
    return Key(version_pk(arn), f"{CARD_EXPORT}{card_version}")


def has_entry(key: Key) -> bool:
    """Tell whether an item of a version's partitions is written with an entry in the audit."""
    evidence = key.sk == GATE_REPORT_COPY or key.sk.startswith(CARD_EXPORT)
    return not (key.pk.startswith("VERSION#") and evidence)
