"""Federation, which needs no signature, is refused by name."""

from __future__ import annotations

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.refusals import refused, refused_saying

ROLE = f"arn:aws:iam::{ACCOUNTS['governance']}:role/approver"


def test_federation_is_not_served(aws: Aws) -> None:
    sts = boto3.client("sts", region_name=REGION, endpoint_url=aws.endpoint)
    refused_saying(
        "UnsupportedOperation",
        "sts:AssumeRoleWithSAML",
        sts.assume_role_with_saml,
        RoleArn=ROLE,
        PrincipalArn=f"arn:aws:iam::{ACCOUNTS['governance']}:saml-provider/company",
        SAMLAssertion="c2FtbA==",
    )
    refused_saying(
        "UnsupportedOperation",
        "sts:AssumeRoleWithWebIdentity",
        sts.assume_role_with_web_identity,
        RoleArn=ROLE,
        RoleSessionName="pod",
        WebIdentityToken="token-of-a-pod",
    )


@pytest.mark.parametrize("operation", ["get_caller_identity", "get_session_token"])
def test_any_other_request_needs_a_signature(aws: Aws, operation: str) -> None:
    unsigned = Config(signature_version=UNSIGNED)
    sts = boto3.client("sts", region_name=REGION, endpoint_url=aws.endpoint, config=unsigned)
    refused("MissingAuthenticationToken", getattr(sts, operation))
