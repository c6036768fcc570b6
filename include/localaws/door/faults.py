"""Faults on demand: rules that make chosen calls fail, to test clients.

A rule names an operation (`service:Operation`, `*` is a wildcard), a kind, and when it fires: from
the `n`-th matching call on, at most `count` times, with probability `rate` from a generator with
its own seed. The same rules and the same calls give the same faults.
"""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from localaws.kit.service import Principal, ServiceError

if TYPE_CHECKING:
    from datetime import datetime

    from localaws.kit.capabilities import TimedStores

REFUSING = ("throttle", "error500", "expired_credentials", "clock_skew")
PASSING = ("throttle", "error500")  # apply also to calls that a service makes itself
AFTERWARDS = ("timeout_after_success", "delayed_visibility", "die_after")
EVENTS = ("duplicate_event",)
PARTIAL = ("unprocessed",)
KINDS = (*REFUSING, *AFTERWARDS, *EVENTS, *PARTIAL)
# Error names by service (AWS "Common errors" of each API reference); others use the JSON names.
QUERY = ("iam", "sts", "cloudformation", "sns", "cloudwatch")
THROTTLED = {
    "s3": ("SlowDown", 503),
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "sqs": ("RequestThrottled", 403),
}


@dataclass
class Rule:
    """One rule and how often it matched and fired.

    `seconds` is local AWS time for `delayed_visibility` and `clock_skew`. For
    `timeout_after_success` it is the real time that the connection hangs before it is dropped.
    """

    identity: int
    operation: str
    kind: str
    rate: float = 1.0
    count: int | None = None
    n: int = 1
    seed: int = 0
    seconds: float = 0.0
    matched: int = 0
    fired: int = 0
    _random: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)  # noqa: S311 - reproducible, not secret

    def fires(self, operation: str) -> bool:
        """Tell whether the rule applies to this call or event, and count it."""
        if not fnmatchcase(operation, self.operation):
            return False
        self.matched += 1
        if self.matched < self.n or (self.count is not None and self.fired >= self.count):
            return False
        if self._random.random() >= self.rate:
            return False
        self.fired += 1
        return True

    def document(self) -> dict[str, Any]:
        """Return the rule in the format of the control route."""
        names = ("operation", "kind", "rate", "count", "n", "seed", "seconds", "matched", "fired")
        return {"id": self.identity} | {name: getattr(self, name) for name in names}


class Faults:
    """The active rules of the whole local AWS."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._now: Callable[[], datetime] | None = None

    @classmethod
    def of(cls, aws: TimedStores) -> Faults:
        """Return the rules of a local AWS."""
        faults = aws.store(cls, "aws", "aws-global")
        faults._now = aws.clock.now
        return faults

    @property
    def active(self) -> bool:
        """Tell whether there is any rule."""
        return bool(self._rules)

    def add(self, document: dict[str, Any]) -> Rule:
        """Add a rule; ValueError says what is wrong with it."""
        allowed = {"operation", "kind", "rate", "count", "n", "seed", "seconds"}
        if unknown := sorted(set(document) - allowed):
            raise ValueError(f"a rule has no {', '.join(unknown)}; it has {sorted(allowed)}")
        if document.get("kind") not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        if not isinstance(document.get("operation"), str):
            raise ValueError('operation must be a pattern such as "sagemaker:Create*"')
        for name, low in (("rate", 0), ("count", 0), ("n", 1), ("seed", 0), ("seconds", 0)):
            value = document.get(name)
            if value is not None and not (isinstance(value, int | float) and value >= low):
                raise ValueError(f"{name} must be a number, {low} at least")
        if document["kind"] == "die_after":
            document = {"count": 1, **document}
        with self._lock:
            rule = Rule(identity=next(self._numbers), **document)
            self._rules.append(rule)
            return rule

    def rules(self) -> list[dict[str, Any]]:
        """Return all rules with their counts."""
        with self._lock:
            return [rule.document() for rule in self._rules]

    def clear(self) -> None:
        """Remove all rules."""
        with self._lock:
            self._rules.clear()

    def before(self, service: str, operation: str, principal: Principal) -> ServiceError | None:
        """Return the error that refuses a call before it has any effect, or None."""
        kinds = PASSING if principal.service else REFUSING
        rule = self._hit(kinds, f"{service}:{operation}", principal)
        return self._error(rule, service) if rule else None

    def after(self, service: str, operation: str, principal: Principal) -> Rule | None:
        """Return the rule that applies after a call took effect, or None."""
        return self._hit(AFTERWARDS, f"{service}:{operation}", principal)

    def deliveries(self, detail_type: str) -> int:
        """Return how often an event of that detail type is delivered: once or twice."""
        return 2 if self._rules and self._hit(EVENTS, detail_type, None) else 1

    def unprocessed(self, service: str, operation: str) -> bool:
        """Tell whether one entry of a batch is returned unprocessed."""
        return bool(self._rules) and bool(self._hit(PARTIAL, f"{service}:{operation}", None))

    def _hit(
        self, kinds: tuple[str, ...], operation: str, principal: Principal | None
    ) -> Rule | None:
        with self._lock:
            for rule in self._rules:
                if rule.kind not in kinds:
                    continue
                # Only a session's credentials expire.
                if rule.kind == "expired_credentials" and (
                    principal is None or principal.kind != "session"
                ):
                    continue
                if rule.fires(operation):
                    return rule
        return None

    def _error(self, rule: Rule, service: str) -> ServiceError:
        if rule.kind == "throttle":
            default = ("Throttling" if service in QUERY else "ThrottlingException", 400)
            code, status = THROTTLED.get(service, default)
            return ServiceError(code, "Rate exceeded", status)
        if rule.kind == "error500":
            code = "InternalError" if service == "s3" else "InternalFailure"
            return ServiceError(code, "We encountered an internal error. Please try again.", 500)
        if rule.kind == "expired_credentials":
            plain = service == "s3" or service in QUERY
            code = "ExpiredToken" if plain else "ExpiredTokenException"
            status = 400 if service == "s3" else 403
            return ServiceError(
                code, "The security token included in the request is expired", status
            )
        return self._skewed(rule, service)

    def _skewed(self, rule: Rule, service: str) -> ServiceError:
        if service == "s3":
            message = "The difference between the request time and the current time is too large."
            return ServiceError("RequestTimeTooSkewed", message, 403)
        now = self._now() if self._now else None
        shown = f"{now:%Y%m%dT%H%M%SZ}" if now else ""
        signed = f"{now - timedelta(seconds=rule.seconds or 900):%Y%m%dT%H%M%SZ}" if now else ""
        code = "SignatureDoesNotMatch" if service in QUERY else "InvalidSignatureException"
        message = f"Signature expired: {signed} is now earlier than {shown} - 5 min."
        return ServiceError(code, message, 403)
