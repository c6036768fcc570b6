"""DynamoDB's `ClientRequestToken`, which moto ignores: a repeated transaction takes effect once.

A token is remembered for ten minutes after its transaction succeeded. With other parameters it is
refused (TransactWriteItems in the DynamoDB API reference).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from localaws.door.protocol import Reply
from localaws.kit.service import ServiceError

if TYPE_CHECKING:
    from localaws.kit.capabilities import TimedStores

LIFETIME = timedelta(minutes=10)
OPERATIONS = ("TransactWriteItems", "ExecuteTransaction")
# Parameters that only control what the reply contains; they may differ between two requests.
REPLY_OPTIONS = ("ReturnConsumedCapacity", "ReturnItemCollectionMetrics")


@dataclass
class _Transaction:
    params: dict[str, Any]
    reply: Reply | None = None  # None while the transaction runs
    expires: datetime | None = None


@dataclass
class _Tokens:
    """The tokens of one account's transactions, the oldest first."""

    by_token: dict[str, _Transaction] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


def once(
    aws: TimedStores,
    account: str,
    region: str,
    operation: str,
    params: dict[str, Any],
    act: Callable[[], Reply],
) -> Reply:
    """Return the reply of `act()`, or the remembered reply of the same token and transaction.

    Raises:
        ServiceError: IdempotentParameterMismatchException for a token of another transaction,
            TransactionInProgressException while its first request still runs.
    """
    token = params.get("ClientRequestToken")
    if operation not in OPERATIONS or not token:
        return act()
    tokens = aws.store(_Tokens, account, region)
    request = {name: value for name, value in params.items() if name not in REPLY_OPTIONS}
    with tokens.lock:
        _forget(tokens, aws.clock.now())
        transaction = tokens.by_token.get(token)
        if transaction is None:
            transaction = tokens.by_token[token] = _Transaction(request)
        else:
            return _replay(transaction, request, token)
    try:
        reply = act()
    except BaseException:
        with tokens.lock:
            del tokens.by_token[token]
        raise
    with tokens.lock:
        if reply.status >= 300:  # a cancelled transaction can be corrected and sent again
            del tokens.by_token[token]
        else:
            transaction.reply, transaction.expires = reply, aws.clock.now() + LIFETIME
    return reply


def _replay(transaction: _Transaction, request: dict[str, Any], token: str) -> Reply:
    if transaction.params != request:
        raise ServiceError(
            "IdempotentParameterMismatchException",
            f"Request parameters are not the same as those sent before with token {token}.",
        )
    if transaction.reply is None:
        raise ServiceError(
            "TransactionInProgressException",
            "The transaction with the given request token is already in progress.",
        )
    return transaction.reply


def _forget(tokens: _Tokens, now: datetime) -> None:
    for token, transaction in list(tokens.by_token.items()):
        if transaction.expires is None:
            continue
        if transaction.expires > now:
            return
        del tokens.by_token[token]
