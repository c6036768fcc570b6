"""Checks replies against botocore's output shapes, in tests that switch it on.

A test with a boto3 client would not notice a wrong reply: botocore's parser drops members that a
shape does not have, and does not miss required ones. So the bytes of the reply are checked here:
no member may be missing, unknown, or of another type.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

if TYPE_CHECKING:
    from localaws.door.protocol import Addressed, Reply

# Required by botocore, but AWS leaves it out when there is no further page.
OPTIONAL_ON_THE_WIRE = {("DescribeFeatureGroupResponse", "NextToken")}
# The text of the root element is the member; botocore has a special rule for it.
READ_BY_RULE = {("s3", "GetBucketLocation")}
WHOLE = ("integer", "long")


class Conformance:
    """The violations in the replies so far."""

    def __init__(self, *, on: bool) -> None:
        self.on = on
        self._lock = threading.Lock()
        self._checked: Counter[str] = Counter()
        self._problems: Counter[tuple[str, str]] = Counter()

    def look(self, addressed: Addressed, reply: Reply) -> None:
        """Check a successful reply and record its violations."""
        if not self.on or reply.status >= 300:
            return
        violations = problems(addressed, reply)
        name = f"{addressed.service}:{addressed.operation}"
        with self._lock:
            self._checked[name] += 1
            self._problems.update((name, violation) for violation in violations)

    def document(self) -> dict[str, Any]:
        """Return how many replies of each operation were checked, and each kind of violation."""
        with self._lock:
            wrong = [
                {"operation": name, "problem": text, "replies": count}
                for (name, text), count in sorted(self._problems.items())
            ]
            return {"checked": dict(sorted(self._checked.items())), "violations": wrong}


def problems(addressed: Addressed, reply: Reply) -> list[str]:
    """Return the violations in the body of a successful reply."""
    shape = addressed.model.output_shape
    if shape is None or (addressed.service, addressed.operation) in READ_BY_RULE:
        return []
    payload = shape.serialization.get("payload")
    body = shape.members[payload] if payload else shape
    if body.type_name not in ("structure", "list", "map"):
        return []  # the content of an object, or the answer of a model
    if addressed.protocol in ("json", "rest-json"):
        try:
            return in_json(body, json.loads(reply.body or b"{}"))
        except ValueError:
            return ["reply: not JSON"]
    if not reply.body:
        return _missing(body, set(), "reply")
    try:
        root = ElementTree.fromstring(reply.body)  # noqa: S314 - our own reply
    except ElementTree.ParseError:
        return ["reply: not XML"]
    wrapper = shape.serialization.get("resultWrapper")
    if wrapper and _tag(root) != wrapper:
        result = next((node for node in root if _tag(node) == wrapper), None)
        if result is None:
            return [f"reply: has no {wrapper}"] if shape.members else []
        root = result
    return _in_xml(body, [root], "reply")


# ---------------------------------------------------------------- JSON
def in_json(shape: Any, value: Any, path: str = "reply") -> list[str]:
    """Return the violations in a JSON value, by the botocore shape."""
    kind = shape.type_name
    if kind == "structure":
        return _json_structure(shape, value, path)
    if kind == "list":
        if not isinstance(value, list):
            return [f"{path}: {value!r} is not a list"]
        return [p for item in value for p in in_json(shape.member, item, f"{path}[]")]
    if kind == "map":
        if not isinstance(value, dict):
            return [f"{path}: {value!r} is not a map"]
        return [p for item in value.values() for p in in_json(shape.value, item, f"{path}{{}}")]
    if kind == "timestamp" and shape.serialization.get("timestampFormat") == "iso8601":
        return _text(shape, value, path) if isinstance(value, str) else [_no(path, value, kind)]
    if kind in ("string", "blob"):
        return _text(shape, value, path) if isinstance(value, str) else [_no(path, value, kind)]
    if kind == "boolean":
        return [] if isinstance(value, bool) else [_no(path, value, kind)]
    number = int if kind in WHOLE else (int, float)
    right = isinstance(value, number) and not isinstance(value, bool)
    return [] if right else [_no(path, value, kind)]


def _json_structure(shape: Any, value: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is not of type {shape.name}"]
    members = _in_body(shape)
    violations = [f"{path}: {shape.name} has no {name}" for name in value if name not in members]
    violations += _missing(shape, {members[name][0] for name in value if name in members}, path)
    for name, item in value.items():
        if name in members:
            violations += in_json(members[name][1], item, f"{path}.{name}")
    return violations


# ---------------------------------------------------------------- XML
def _in_xml(shape: Any, nodes: list[Any], path: str) -> list[str]:
    """Check the elements of one value: one element, or several for a flattened list or map."""
    kind = shape.type_name
    if kind in ("list", "map") and not shape.serialization.get("flattened"):
        nodes = list(nodes[0])
    if kind == "list":
        named = shape.member.serialization.get("name", "member")
        flat = shape.serialization.get("flattened")
        wrong = sorted({_tag(node) for node in nodes} - {named}) if not flat else []
        violations = [f"{path}: a list of {named} has {tag}" for tag in wrong]
        return violations + [
            p for node in nodes for p in _in_xml(shape.member, [node], f"{path}[]")
        ]
    if kind == "map":
        named = shape.value.serialization.get("name", "value")
        values = [child for node in nodes for child in node if _tag(child) == named]
        return [p for child in values for p in _in_xml(shape.value, [child], f"{path}{{}}")]
    if kind == "structure":
        return _xml_structure(shape, nodes[0], path)
    return _text(shape, nodes[0].text or "", path)


def _xml_structure(shape: Any, node: Any, path: str) -> list[str]:
    members = _in_body(shape)
    children: dict[str, list[Any]] = {}
    for child in node:
        children.setdefault(_tag(child), []).append(child)
    violations = [f"{path}: {shape.name} has no {tag}" for tag in children if tag not in members]
    attributes = {
        name
        for name, member in shape.members.items()
        if member.serialization.get("xmlAttribute") and node.attrib
    }
    present = {members[tag][0] for tag in children if tag in members} | attributes
    violations += _missing(shape, present, path)
    for tag, nodes in children.items():
        if tag in members:
            violations += _in_xml(members[tag][1], nodes, f"{path}.{tag}")
    return violations


# ---------------------------------------------------------------- both
def _in_body(shape: Any) -> dict[str, tuple[str, Any]]:
    """Return the members that are in the body, by their names on the wire."""
    members = {}
    for name, member in shape.members.items():
        if member.serialization.get("location"):
            continue
        wire = member.serialization.get("name", name)
        if member.type_name == "list" and member.serialization.get("flattened"):
            wire = member.member.serialization.get("name", wire)
        members[wire] = (name, member)
    return members


def _missing(shape: Any, present: set[str], path: str) -> list[str]:
    in_body = (
        {name for name, _ in _in_body(shape).values()} if shape.type_name == "structure" else ()
    )
    return [
        f"{path}: {name} is missing"
        for name in getattr(shape, "required_members", ())
        if name in in_body
        and name not in present
        and (shape.name, name) not in OPTIONAL_ON_THE_WIRE
    ]


def _text(shape: Any, value: str, path: str) -> list[str]:
    """Check a scalar that is written as text."""
    kind, allowed = shape.type_name, shape.metadata.get("enum")
    if allowed and value not in allowed:
        return [f"{path}: {value!r} is not one of {', '.join(allowed)}"]
    try:
        if kind in WHOLE:
            int(value)
        elif kind in ("float", "double"):
            float(value)
        elif kind == "timestamp":
            datetime.fromisoformat(value)
        elif kind == "boolean" and value not in ("true", "false"):
            raise ValueError
    except ValueError:
        return [_no(path, value, kind)]
    return []


def _no(path: str, value: Any, kind: str) -> str:
    return f"{path}: {type(value).__name__} {str(value)[:40]!r} is not of type {kind}"


def _tag(node: Any) -> str:
    return str(node.tag).rsplit("}", 1)[-1]
