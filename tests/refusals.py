"""Assertions that AWS refuses a call, and what it says then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError


@dataclass(frozen=True)
class Refusal:
    """A refused call: its message, its HTTP status and the whole reply."""

    message: str
    status: int
    reply: dict[str, Any]


def refused(code: str, call: Callable[..., Any], *arguments: Any, **params: Any) -> Refusal:
    """Assert that a call is refused with that error code."""
    with pytest.raises(ClientError) as error:
        call(*arguments, **params)
    reply: dict[str, Any] = dict(error.value.response)
    assert reply["Error"]["Code"] == code, reply
    status = int(reply["ResponseMetadata"]["HTTPStatusCode"])
    return Refusal(str(reply["Error"]["Message"]), status, reply)


def refused_saying(code: str, words: str, call: Callable[..., Any], **params: Any) -> Refusal:
    """Assert that a call is refused with that error code, and with these words in the message."""
    refusal = refused(code, call, **params)
    assert words in refusal.message, refusal
    return refusal


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    """Return the AWS error code of what `pytest.raises` caught."""
    return str(error.value.response["Error"]["Code"])
