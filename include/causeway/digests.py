"""Digests: one canonical form of a JSON value, and SHA-256."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from causeway.errors import UnexpectedState


def canonical_json(value: Any) -> str:
    """Write a JSON value in the one form that digests are taken of: sorted, compact, UTF-8."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def sha256(content: bytes | str) -> str:
    """Return the SHA-256 of the bytes (of the UTF-8 of a text) as 64 hexadecimal digits."""
    raw = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


@dataclass(frozen=True)
class Digest:
    """The SHA-256 of an artifact, as 64 lower-case hexadecimal digits."""

    hex: str

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.hex):
            raise UnexpectedState(
                f"{self.hex!r} is no SHA-256 digest",
                next_step="Give 64 lower-case hexadecimal digits.",
            )

    def __str__(self) -> str:
        return self.hex

    @property
    def short(self) -> str:
        """The first twelve digits, for names."""
        return self.hex[:12]
