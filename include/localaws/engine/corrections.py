"""What AWS refuses or answers and moto does not: checks before moto acts, and answers around it.

A module of this package registers a function for the operations that it corrects. The function gets
the call with all its parameters, as a handler of our own operations does.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from localaws.door.protocol import Addressed, Reply
from localaws.identity.authorisation.request import AuthorisationRequest
from localaws.kit.capabilities import Host
from localaws.kit.service import Call


@dataclass(frozen=True)
class MotoCall(Call):
    """A call that moto serves, with the request as it was authorised."""

    request: AuthorisationRequest = field(kw_only=True)


Check = Callable[[MotoCall], None]
Serve = Callable[[], Reply]
Answer = Callable[[MotoCall, Serve], Reply]
_checks: dict[tuple[str, str], list[Check]] = defaultdict(list)
_answers: dict[tuple[str, str], Answer] = {}
F = TypeVar("F", bound=Callable[..., Any])


def before(service: str, *operations: str) -> Callable[[F], F]:
    """Register a function that raises ServiceError for a call that AWS refuses."""

    def register(function: F) -> F:
        for operation in operations:
            _checks[service, operation].append(function)
        return function

    return register


def around(service: str, *operations: str) -> Callable[[F], F]:
    """Register a function that calls moto and returns AWS's reply; one for an operation."""

    def register(function: F) -> F:
        for operation in operations:
            if (service, operation) in _answers:
                raise ValueError(f"{service}:{operation} is answered twice")
            _answers[service, operation] = function
        return function

    return register


def concern(addressed: Addressed) -> bool:
    """Tell whether anything is registered for an operation."""
    key = (addressed.service, addressed.operation)
    return key in _checks or key in _answers


def serve(call: MotoCall, moto: Serve) -> Reply:
    """Return AWS's reply to a call; raise ServiceError if AWS refuses it."""
    key = (call.service, call.operation)
    for function in _checks.get(key, ()):
        function(call)
    answer = _answers.get(key)
    return answer(call, moto) if answer is not None else moto()


def call_of(host: Host, request: AuthorisationRequest, params: dict[str, Any]) -> MotoCall:
    """Return the call of an authorised request."""
    return MotoCall(
        service=request.service,
        operation=request.operation,
        params=params,
        account=request.account,
        region=request.region,
        caller=request.caller,
        _host=host,
        request=request,
    )
