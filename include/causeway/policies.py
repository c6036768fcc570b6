"""Policy documents: statements of ours merged by Sid into what is there, foreign ones kept.

The put calls replace a whole document, so every change is read, merge, compare, write. What is
ours starts with `Causeway` in its Sid.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from causeway.accounts import AccountRole, Topology
from causeway.config import UseCase
from causeway.documents import canonical_json
from causeway.errors import ConfigError
from causeway.features import offline_prefix

#: One policy statement, as JSON.
Statement = dict[str, Any]

_VERSION: Final = "2012-10-17"
_LISTS: Final = ("Action", "NotAction", "Resource", "NotResource")


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
    gone = set(sids)
    kept = [s for s in _statements(policy) if s.get("Sid") not in gone]
    return json.dumps({**policy, "Version": policy.get("Version", _VERSION), "Statement": kept})


def same(one: str | Mapping[str, Any] | None, other: str | Mapping[str, Any] | None) -> bool:
    """Tell whether two documents say the same, whatever the order and the form of single values."""
    return canonical(one) == canonical(other)


def canonical(document: str | Mapping[str, Any] | None) -> str:
    """Return a document in one form: single values as lists, lists and statements sorted.

    Action names are compared in lower case, as IAM does; the principal `*` is `{"AWS": "*"}`.
    """
    policy = _read(document)
    statements = sorted(canonical_json(_normal(s)) for s in _statements(policy))
    return canonical_json([policy.get("Version", _VERSION), policy.get("Id"), statements])


def _normal(statement: Statement) -> Statement:
    made = dict(statement)
    for key in _LISTS:
        if key in made:
            values = _sorted_list(made[key])
            made[key] = sorted({v.lower() for v in values}) if key.endswith("Action") else values
    for key in ("Principal", "NotPrincipal"):
        if key in made:
            who = {"AWS": "*"} if made[key] == "*" else made[key]
            made[key] = {kind: _sorted_list(value) for kind, value in who.items()}
    if "Condition" in made:
        made["Condition"] = {
            operator: {key.lower(): _sorted_list(value) for key, value in tests.items()}
            for operator, tests in made["Condition"].items()
        }
    return made


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


def _statements(policy: Mapping[str, Any]) -> list[Statement]:
    found = policy.get("Statement", [])
    return [found] if isinstance(found, dict) else list(found)


def offline_store_statements(case: UseCase, topology: Topology) -> list[Statement]:
    """The data bucket's statements that let the consumer's trainer read the offline store."""
    bucket = f"arn:{topology.partition}:s3:::{topology.bucket(AccountRole.DATA)}"
    reader = {"AWS": [topology.role_arn(AccountRole.DATA_SCIENCE, "trainer")]}
    prefix = offline_prefix(case)
    return [
        {
            "Sid": f"CausewayRead{_camel(case.id)}OfflineStore",
            "Effect": "Allow",
            "Principal": reader,
            "Action": ["s3:GetObject"],
            "Resource": [f"{bucket}/{prefix}/*"],
        },
        {
            "Sid": f"CausewayList{_camel(case.id)}OfflineStore",
            "Effect": "Allow",
            "Principal": reader,
            "Action": ["s3:ListBucket"],
            "Resource": [bucket],
            "Condition": {"StringLike": {"s3:prefix": [f"{prefix}/*"]}},
        },
    ]


def offline_store_key_statements(topology: Topology) -> list[Statement]:
    """The data key's statements that let the consumer's trainer decrypt through S3."""
    return [
        {
            "Sid": "CausewayDecryptOfflineStore",
            "Effect": "Allow",
            "Principal": {"AWS": [topology.role_arn(AccountRole.DATA_SCIENCE, "trainer")]},
            "Action": ["kms:Decrypt", "kms:DescribeKey"],
            "Resource": ["*"],
            "Condition": {
                "StringEquals": {"kms:ViaService": [f"s3.{topology.region}.amazonaws.com"]}
            },
        }
    ]


def artifact_bucket_statements(topology: Topology) -> list[Statement]:
    """The shared bucket's statements: data science writes artifacts, workloads read them."""
    bucket = f"arn:{topology.partition}:s3:::{topology.bucket(AccountRole.SHARED_SERVICES)}"
    registrar = topology.role_arn(AccountRole.DATA_SCIENCE, "registrar")
    return [
        {
            "Sid": "CausewayRegistrarWrites",
            "Effect": "Allow",
            "Principal": {"AWS": [registrar]},
            "Action": ["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject"],
            "Resource": [f"{bucket}/models/*"],
        },
        {
            "Sid": "CausewayWorkloadsRead",
            "Effect": "Allow",
            "Principal": {"AWS": _workload_roles(topology)},
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": [f"{bucket}/models/*"],
        },
        {
            "Sid": "CausewayListArtifacts",
            "Effect": "Allow",
            "Principal": {"AWS": [registrar, *_workload_roles(topology)]},
            "Action": ["s3:ListBucket", "s3:GetBucketLocation"],
            "Resource": [bucket],
        },
    ]


def artifact_key_statements(topology: Topology) -> list[Statement]:
    """The shared key's statements: data science encrypts, workloads decrypt."""
    registrar = topology.role_arn(AccountRole.DATA_SCIENCE, "registrar")
    return [
        {
            "Sid": "CausewayRegistrarEncrypts",
            "Effect": "Allow",
            "Principal": {"AWS": [registrar]},
            "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"],
            "Resource": ["*"],
        },
        {
            "Sid": "CausewayWorkloadsDecrypt",
            "Effect": "Allow",
            "Principal": {"AWS": _workload_roles(topology)},
            "Action": ["kms:Decrypt", "kms:DescribeKey"],
            "Resource": ["*"],
        },
    ]


def _workload_roles(topology: Topology) -> list[str]:
    duties: Sequence[str] = ("deployer", "serving-execution")
    roles = (AccountRole.TEST, AccountRole.PROD)
    return [topology.role_arn(role, duty) for role in roles for duty in duties]


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
