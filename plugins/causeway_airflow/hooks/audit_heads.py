"""The heads of the audit under object lock: locked, and listed with all their versions."""

from __future__ import annotations

from causeway.digests import canonical_json
from causeway.governance.audit import Head
from causeway.governance.audit_heads import PREFIX, LockedHead, locked_head_of, object_key
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.base import CausewayHook


class AuditHeadsHook(CausewayHook):
    """The audit bucket, as its keeper."""

    service = "s3"

    def lock(self, chain: str, head: Head) -> None:
        """Put a head; the bucket's default locks it. The same one again is another version."""
        content = {"chain": chain, "number": head.number, "digest": head.digest}
        self.call(
            "put_object",
            Bucket=topology().audit_bucket,
            Key=object_key(chain, head),
            Body=canonical_json(content).encode(),
            ContentType="application/json",
        )

    def locked(self) -> list[LockedHead]:
        """Return every head that is kept, those that a delete marker hides included."""
        versions: list[LockedHead] = []
        start: dict[str, str] = {}
        while True:
            reply = self.call(
                "list_object_versions", Bucket=topology().audit_bucket, Prefix=PREFIX, **start
            )
            for version in reply.get("Versions", []):
                if head := locked_head_of(version["Key"]):
                    versions.append(head)
            if not reply.get("IsTruncated"):
                return versions
            start = {
                "KeyMarker": reply["NextKeyMarker"],
                "VersionIdMarker": reply["NextVersionIdMarker"],
            }
