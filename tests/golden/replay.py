"""Makes the calls of a golden file on another AWS, and says where its answers have another shape.

What AWS made up (ids, ARNs, URLs) has another value there: where a later call names a value that
an earlier answer gave, the value of the same place in the new answer takes its place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from tests.golden.pairs import Call, Golden, plain

Clients = Callable[[str], Any]
LONG = 8  # shorter texts are words that only look the same


def differences(golden: Golden, clients: Clients) -> list[str]:
    """Return `Operation path: what is different` of every answer."""
    names: dict[str, str] = {}
    for call in golden.setup:
        _answer(clients, call, names)
    problems: list[str] = []
    typed = golden.source["kind"] == "recorded"
    for call in golden.calls:
        answer = _answer(clients, call, names)
        expected = {"error": call.error} if call.error else {"response": call.response or {}}
        problems += [f"{call.operation}{text}" for text in _compare("", expected, answer, typed)]
        names |= _renamed(expected, answer)
    return problems


def _answer(clients: Clients, call: Call, names: dict[str, str]) -> dict[str, Any]:
    operation = getattr(clients(call.service), xform_name(call.operation))
    try:
        return {"response": plain(operation(**_with_names(call.parameters, names)))}
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = error.response["Error"]["Code"]
        return {"error": {"code": code, "status": status}, "why": str(error)}


def _compare(path: str, expected: Any, answer: Any, typed: bool) -> list[str]:
    """Compare shapes: each name is there; an error has the same code and status.

    `typed`: values are of the same type, too. AWS's examples write numbers and times as texts.
    """
    if path == "" and expected.keys() - answer.keys():
        return [f": {answer.get('why') or answer}, not {expected}"]
    if path == ".error":
        return [] if expected == answer else [f"{path}: {answer}, not {expected}"]
    if isinstance(expected, dict):
        if not isinstance(answer, dict):
            return [f"{path}: {type(answer).__name__}, not a structure"]
        missing = [f"{path}.{name}: missing" for name in expected if name not in answer]
        shared = [name for name in expected if name in answer]
        return missing + [
            p for n in shared for p in _compare(f"{path}.{n}", expected[n], answer[n], typed)
        ]
    if isinstance(expected, list):
        if not isinstance(answer, list) or (expected and not answer):
            return [f"{path}: {answer!r}, not a list with entries"]
        return _compare(f"{path}[0]", expected[0], answer[0], typed) if expected else []
    if typed and _kind(expected) != _kind(answer):
        return [f"{path}: {answer!r}, not such as {expected!r}"]
    return []


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _renamed(expected: Any, answer: Any) -> dict[str, str]:
    """Return the text of each place of an answer of AWS, and the text of the same place here."""
    if isinstance(expected, dict) and isinstance(answer, dict):
        pairs = [_renamed(value, answer.get(name)) for name, value in expected.items()]
    elif isinstance(expected, list) and isinstance(answer, list):
        pairs = [_renamed(*both) for both in zip(expected, answer, strict=False)]
    elif isinstance(expected, str) and isinstance(answer, str) and len(expected) >= LONG:
        return {expected: answer}
    else:
        return {}
    return {name: value for pair in pairs for name, value in pair.items()}


def _with_names(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"bytes"}:
            return b"x" * value["bytes"]
        return {name: _with_names(entry, names) for name, entry in value.items()}
    if isinstance(value, list):
        return [_with_names(entry, names) for entry in value]
    return names.get(value, value) if isinstance(value, str) else value
