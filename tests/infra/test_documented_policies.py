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
APPROVER = f"arn:aws:iam::{ACCOUNT}:role/causeway-test-approver"
BUCKET = f"arn:aws:s3:::causeway-shared-services-{ACCOUNT}-eu-central-1"
TRAIL = f"arn:aws:cloudtrail:eu-central-1:{ACCOUNT}:trail/causeway-data"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/0"
ALIAS = f"arn:aws:kms:eu-central-1:{ACCOUNT}:alias/causeway-shared-services"
SET = "AWSReservedSSO_CausewayAdministrator_0123456789abcdef"
ADMINISTRATOR = f"aws-reserved/sso.amazonaws.com/eu-central-1/{SET}"
OWNER = "causeway-registry-owner"
ARTIFACT = f"{BUCKET}/models/credit_risk/abc/model.tar.gz"


def policies() -> dict[str, dict[str, Any]]:
    documents = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))
    return {statements(document)[0]["Sid"]: document for document in documents}


def statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    content = document["Statement"]
    items = content if isinstance(content, list) else [content]
    return [{k: v for k, v in item.items() if k != "Principal"} for item in items]  # everybody


def allowed(sid: str, role: str, action: str, resource: str, **context: str | list[str]) -> bool:
    """Say whether somebody who may do everything may do it under the policy."""
    document = policies()[sid]
    document = {**document, "Statement": statements(document)}
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
    account = {**EVERYTHING["Statement"][0], "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
    own = parse({**EVERYTHING, "Statement": [account]}, PolicyType.RESOURCE, "r")  # a key's
    resource_policies = (own,) if action.startswith("kms:") else ()
    return evaluate(request, Policies(identity=identity, resource=resource_policies)).allowed


def test_there_are_two_of_them_and_parliament_has_nothing_against_them() -> None:
    documents = policies()
    assert set(documents) == {"ArtifactsAreWrittenOnce", "GuardsAreAnAdministrators"}
    for document in documents.values():
        remarks = findings({**document, "Statement": statements(document)})
        # It does not know the condition keys that every key of KMS has as a resource (Service
        # Authorization Reference, "Resource types defined by AWS Key Management Service").
        assert [
            line for line in remarks if "Unknown condition kms:ResourceAliases" not in line
        ] == []


@pytest.mark.parametrize(
    ("role", "action", "resource", "expected"),
    [
        ("Admin", TRUST, APPROVER, False),
        (ADMINISTRATOR, TRUST, APPROVER, True),
        (f"aws-reserved/sso.amazonaws.com/{SET}", TRUST, APPROVER, True),
        ("CausewayAdministrator", TRUST, APPROVER, False),
        ("TheCausewayAdministrators", TRUST, APPROVER, False),
        (SET, TRUST, APPROVER, False),
        (f"x/aws-reserved/sso.amazonaws.com/eu-central-1/{SET}", TRUST, APPROVER, False),
        (OWNER, TRUST, APPROVER, False),
        (OWNER, "iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/{OWNER}", False),
        (OWNER, "s3:PutBucketPolicy", BUCKET, False),
        (OWNER, "s3:DeleteBucketPolicy", BUCKET, False),
        (OWNER, "kms:PutKeyPolicy", KEY, False),
        (OWNER, "kms:ScheduleKeyDeletion", KEY, False),
        ("Admin", "s3:PutBucketPolicy", BUCKET, False),
        ("Admin", "s3:PutBucketPolicy", "arn:aws:s3:::another", True),
        ("Admin", "s3:PutBucketVersioning", BUCKET, False),
        ("Admin", "s3:PutBucketPublicAccessBlock", BUCKET, False),
        ("Admin", "kms:PutKeyPolicy", KEY, False),
        ("Admin", "kms:UpdateAlias", ALIAS, False),
        ("Admin", "cloudtrail:UpdateTrail", TRAIL, False),
        ("Admin", "cloudtrail:PutEventSelectors", TRAIL, False),
        ("Admin", "iam:PutRolePermissionsBoundary", APPROVER, False),
        (ADMINISTRATOR, "kms:PutKeyPolicy", KEY, True),
        ("causeway-trainer", "iam:PassRole", APPROVER, True),
        ("causeway-trainer", "s3:PutObject", ARTIFACT, True),
        ("causeway-trainer", "kms:Decrypt", KEY, True),
    ],
)
def test_guards_are_an_administrators(
    role: str, action: str, resource: str, expected: bool
) -> None:
    aliases = ["alias/causeway-shared-services"]
    answer = allowed(
        "GuardsAreAnAdministrators", role, action, resource, kms__ResourceAliases=aliases
    )
    assert answer is expected


def test_keys_of_others_are_none_of_its_business() -> None:
    sid, aliases = "GuardsAreAnAdministrators", ["alias/other"]
    assert allowed(sid, "Admin", "kms:PutKeyPolicy", KEY, kms__ResourceAliases=aliases)
    assert allowed(sid, "Admin", "kms:PutKeyPolicy", KEY)


def test_artifacts_are_written_once_whoever_writes() -> None:
    def write(**context: str) -> bool:
        creation = {"s3__ObjectCreationOperation": "true"}
        return allowed(
            "ArtifactsAreWrittenOnce", "Admin", "s3:PutObject", ARTIFACT, **(creation | context)
        )

    assert not write()
    assert write(s3__if_none_match="*")
