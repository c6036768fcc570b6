"""Policy documents: our statements are merged by Sid, all others are kept.

The put calls replace a whole document, so every change is read, merge, compare, write. Our
statements are recognised by the prefix of their Sid; the templates' own statements have other
prefixes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, Final

from causeway.digests import canonical_json
from causeway.errors import ConfigError

#: One policy statement, as JSON.
Statement = dict[str, Any]

_VERSION: Final = "2012-10-17"
_LISTS: Final = ("Action", "NotAction", "Resource", "NotResource")


class PolicyHolder(Enum):
    """What has a resource policy, and how many bytes of one its service takes.

    Sources: Amazon S3 and KMS quotas; ECR `SetRepositoryPolicy` in the service model; Glue
    Developer Guide, "Data Catalog resource policies".
    """

    BUCKET = ("bucket", 20 * 1024)
    KEY = ("key", 32 * 1024)
    REPOSITORY = ("repository", 10 * 1024)
    CATALOG = ("data catalogue", 10 * 1024)

    def __init__(self, word: str, limit: int) -> None:
        self.word = word
        self.limit = limit


def merge(document: str | Mapping[str, Any] | None, statements: Iterable[Statement]) -> str:
    """Put statements into a document by their Sid and return it as JSON.

    A statement of the same Sid is replaced where it stands, a new one is added at the end,
    every other one survives. Merging the same statements again changes nothing.

    Raises:
        ConfigError: a statement has no Sid, or two have the same, or the document is no policy.
    """
    policy = _read(document)
    present = _statements(policy)
    ours: dict[str, Statement] = {}
    for statement in statements:
        sid = statement.get("Sid")
        if not sid or sid in ours:
            raise ConfigError(
                f"a policy statement has {'the Sid twice: ' + sid if sid else 'no Sid'}",
                next_step="Give each statement a Sid of its own; it is the key of the merge.",
            )
        ours[sid] = statement
    # Of several statements with one Sid (AWS forbids it) the first place is taken.
    merged: list[Statement] = []
    placed: set[str] = set()
    for statement in present:
        sid = statement.get("Sid")
        if sid not in ours:
            merged.append(statement)
        elif sid not in placed:
            merged.append(ours[sid])
            placed.add(sid)
    merged += [statement for sid, statement in ours.items() if sid not in placed]
    return json.dumps({**policy, "Version": policy.get("Version", _VERSION), "Statement": merged})


def remove(document: str | Mapping[str, Any] | None, sids: Iterable[str]) -> str:
    """Take the statements of these Sids out of a document and return it as JSON."""
    policy = _read(document)
    removed = set(sids)
    rest = [s for s in _statements(policy) if s.get("Sid") not in removed]
    return json.dumps({**policy, "Version": policy.get("Version", _VERSION), "Statement": rest})


def converged(
    document: str | Mapping[str, Any] | None,
    statements: Iterable[Statement],
    *,
    prefix: str,
    holder: PolicyHolder,
) -> str | None:
    """Return the document to write so that ours are exactly `statements`; None when they are.

    Ours are the statements whose Sid begins with `prefix`: surplus ones are removed, all other
    statements stay.

    Raises:
        ConfigError: a statement is not ours by its Sid, or the result is larger than its holder
            takes.
    """
    ours = list(statements)
    sids = {str(statement.get("Sid", "")) for statement in ours}
    if strange := sorted(sid for sid in sids if not sid.startswith(prefix)):
        raise ConfigError(
            f"the Sid {strange[0]!r} does not begin with {prefix}",
            next_step="It would never be recognised as ours; give it the prefix.",
        )
    stale = {
        sid
        for statement in _statements(_read(document))
        if (sid := str(statement.get("Sid", ""))).startswith(prefix) and sid not in sids
    }
    result = merge(remove(document, stale), ours)
    if same(result, document):
        return None
    result = json.dumps(json.loads(result), separators=(",", ":"))
    if (size := len(result.encode())) > holder.limit:
        raise ConfigError(
            f"the policy of the {holder.word} would have {size} bytes; it takes {holder.limit}",
            next_step="Grant to an organisational unit or the organisation instead of to single "
            "accounts, or to fewer of them; nothing was written.",
        )
    return result


def same(first: str | Mapping[str, Any] | None, second: str | Mapping[str, Any] | None) -> bool:
    """Tell whether two documents say the same, whatever the order and the form of single values."""
    return canonical(first) == canonical(second)


def canonical(document: str | Mapping[str, Any] | None) -> str:
    """Return a document in one form: single values as lists, lists and statements sorted.

    Action names are compared in lower case, as IAM does; the principal `*` is `{"AWS": "*"}`.
    """
    policy = _read(document)
    statements = sorted(canonical_json(_normal(s)) for s in _statements(policy))
    return canonical_json([policy.get("Version", _VERSION), policy.get("Id"), statements])


def _normal(statement: Statement) -> Statement:
    normal = dict(statement)
    for key in _LISTS:
        if key in normal:
            values = _sorted_list(normal[key])
            normal[key] = sorted({v.lower() for v in values}) if key.endswith("Action") else values
    for key in ("Principal", "NotPrincipal"):
        if key in normal:
            who = {"AWS": "*"} if normal[key] == "*" else normal[key]
            normal[key] = {kind: _sorted_list(value) for kind, value in who.items()}
    if "Condition" in normal:
        normal["Condition"] = {
            operator: {key.lower(): _sorted_list(value) for key, value in tests.items()}
            for operator, tests in normal["Condition"].items()
        }
    return normal


def _sorted_list(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return sorted({str(v).lower() if isinstance(v, bool) else str(v) for v in values})


def _read(document: str | Mapping[str, Any] | None) -> dict[str, Any]:
    if document is None or document == "":
        return {"Version": _VERSION, "Statement": []}
    try:
        policy = json.loads(document) if isinstance(document, str) else dict(document)
    except ValueError as error:
        raise ConfigError(
            f"a policy document is no JSON: {error}", next_step="Look at what is stored."
        ) from error
    if not isinstance(policy, dict):
        raise ConfigError("a policy document is no mapping", next_step="Look at what is stored.")
    return policy


def statements_of(document: str | Mapping[str, Any] | None) -> list[Statement]:
    """Return the statements of a document."""
    return _statements(_read(document))


def _statements(policy: Mapping[str, Any]) -> list[Statement]:
    content = policy.get("Statement", [])
    return [content] if isinstance(content, dict) else list(content)
