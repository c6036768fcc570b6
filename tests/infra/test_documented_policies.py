"""The organisation's policies that docs/access.md proposes: they deny what they say, no more."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from causeway.iam import Policies, PolicyType, Principal, Request, evaluate, parse
from tests.infra.linting import findings

PAGE = (Path(__file__).parents[2] / "docs" / "access.md").read_text()
EVERYTHING = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
ACCOUNT = "333333333333"
TRUST = "iam:UpdateAssumeRolePolicy"
APPROVER = f"arn:aws:iam::{ACCOUNT}:role/causeway-approver"
BUCKET = f"arn:aws:s3:::causeway-shared-services-{ACCOUNT}-eu-central-1"
ARTIFACT = f"{BUCKET}/models/credit_risk/abc/model.tar.gz"


def policies() -> dict[str, dict[str, Any]]:
    documents = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    return {document["Statement"]["Sid"]: document for document in documents}


def allowed(sid: str, role: str, action: str, resource: str, **context: str) -> bool:
    """Say whether somebody who may do everything may do it under the policy."""
    document = policies()[sid]
    document = {**document, "Statement": [dict(document["Statement"])]}
    document["Statement"][0].pop("Principal", None)  # everybody
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role.rpartition('/')[2]}/s"
    identity = tuple(parse(d, PolicyType.IDENTITY, "i") for d in (EVERYTHING, document))
    request = Request(
        Principal.of_arn(session, role_arn=arn),
        action,
        resource,
        {name.replace("__", ":").replace("_", "-"): value for name, value in context.items()}
        | {"aws:PrincipalArn": arn},
        ACCOUNT,
    )
    return evaluate(request, Policies(identity=identity)).allowed


def test_there_are_two_of_them_and_parliament_has_nothing_against_them() -> None:
    documents = policies()
    assert set(documents) == {"ArtifactsAreWrittenOnce", "GuardsAreAnAdministrators"}
    for document in documents.values():
        statement = {k: v for k, v in document["Statement"].items() if k != "Principal"}
        assert findings({**document, "Statement": [statement]}) == []


@pytest.mark.parametrize(
    ("role", "action", "resource", "expected"),
    [
        ("Admin", TRUST, APPROVER, False),
        ("CausewayAdministrator", TRUST, APPROVER, True),
        ("causeway-registry-owner", "s3:PutBucketPolicy", BUCKET, True),
        ("Admin", "s3:PutBucketPolicy", BUCKET, False),
        ("Admin", "s3:PutBucketPolicy", "arn:aws:s3:::another", True),
        ("causeway-trainer", "iam:PassRole", APPROVER, True),
        ("causeway-trainer", "s3:PutObject", ARTIFACT, True),
    ],
)
def test_guards_are_an_administrators(
    role: str, action: str, resource: str, expected: bool
) -> None:
    assert allowed("GuardsAreAnAdministrators", role, action, resource) is expected


def test_artifacts_are_written_once_whoever_writes() -> None:
    def write(**context: str) -> bool:
        creation = {"s3__ObjectCreationOperation": "true"}
        return allowed(
            "ArtifactsAreWrittenOnce", "Admin", "s3:PutObject", ARTIFACT, **(creation | context)
        )

    assert not write()
    assert write(s3__if_none_match="*")
