"""Pages of a list reply, with tokens that are valid for one query only.

A token contains the position of the next item and a digest of the query's filters. A token that is
used with other filters is refused; otherwise items would be skipped silently.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from localaws.kit.service import ServiceError

T = TypeVar("T")


@dataclass(frozen=True)
class Pager:
    """The names of a service's paging parameters, and its default page size."""

    token: str
    size: str
    default: int
    error: str

    def page(
        self, params: dict[str, Any], items: Sequence[T], default: int | None = None
    ) -> tuple[list[T], dict[str, str]]:
        """Return one page of `items` and `{token: …}`, which is empty after the last page."""
        question = self._question(params)
        start = self._start(params.get(self.token), question)
        end = start + (params.get(self.size) or default or self.default)
        rest = {self.token: _encode(end, question)} if end < len(items) else {}
        return list(items[start:end]), rest

    def _question(self, params: dict[str, Any]) -> str:
        filters = {k: v for k, v in params.items() if k not in (self.token, self.size)}
        text = json.dumps(filters, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _start(self, token: str | None, question: str) -> int:
        if not token:
            return 0
        try:
            start, token_question = base64.urlsafe_b64decode(token).decode().split(":")
            if token_question == question:
                return int(start)
        except (ValueError, binascii.Error):
            pass
        raise ServiceError(self.error, f"The specified value for {self.token} isn't valid.")


def _encode(start: int, question: str) -> str:
    return base64.urlsafe_b64encode(f"{start}:{question}".encode()).decode()


# SageMaker's lists return ten items by default, so code that does not page fails in tests.
SAGEMAKER = Pager("NextToken", "MaxResults", 10, "ValidationException")
RAM = Pager("nextToken", "maxResults", 500, "InvalidNextTokenException")
