"""Role trust policies and key policies: the two that must allow whatever identities may."""

from __future__ import annotations

from causeway.iam import Principal
from tests.causeway.iam.cases import *
from tests.causeway.iam.cases.pages import *

_ASSUME = "sts:AssumeRole"
_MAY_ASSUME = [allow(_ASSUME)]
_ID = {"StringEquals": {"sts:ExternalId": "causeway-7"}}
_PERSON = {"StringLike": {"sts:SourceIdentity": "*"}}
_SAGEMAKER = Principal.of_service("sagemaker.amazonaws.com")
_SAML = f"arn:aws:iam::{HOME}:saml-provider/corp"
_VIA_S3 = {"StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}}
_CONTEXT = {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::data"}}
_FOR_AWS = {"Bool": {"kms:GrantIsForAWSResource": True}}
_USE = ["kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"]


_role = of(action=_ASSUME, resource="arn:aws:iam::{account}:role/reader")
_key = of(action="kms:Decrypt", resource="arn:aws:kms:eu-central-1:{account}:key/0b1c")

CASES = [
    # Trust, one account
    _role("a trusted user needs nothing else", ALLOWED, ROLES, who=USER,
          trust=[let(USER_ARN, _ASSUME)]),
    _role("a trusted role needs nothing else", ALLOWED, ROLES, trust=[let(ROLE_ARN, _ASSUME)]),
    _role("an identity that may is not trusted", NO_TRUST, SAME, identity=[allow()],
          trust=[let(AWAY_ROOT, _ASSUME)]),
    _role("a role without trust", NO_TRUST, SAME, identity=[allow()]),
    _role("a trusted account delegates", NO_IDENTITY, PRINCIPAL, who=USER,
          trust=[let(HOME_ROOT, _ASSUME)]),
    _role("a trusted account and the identity", ALLOWED, SWITCH, who=USER, identity=_MAY_ASSUME,
          trust=[let(HOME_ROOT, _ASSUME)]),
    _role("a trusted account, another role of the identity", NO_IDENTITY, SWITCH, who=USER,
          identity=[allow(_ASSUME, f"arn:aws:iam::{HOME}:role/writer")],
          trust=[let(HOME_ROOT, _ASSUME)]),
    _role("trust that denies", DENY_TRUST, EXPLICIT, who=USER, identity=_MAY_ASSUME,
          trust=[let(HOME_ROOT, _ASSUME), keep(USER_ARN, _ASSUME)]),
    _role("an identity that denies", DENY_IDENTITY, EXPLICIT, who=USER,
          identity=[deny(_ASSUME)], trust=[let(USER_ARN, _ASSUME)]),
    _role("a role is not trusted by being itself", NO_TRUST, SAME, identity=_MAY_ASSUME,
          resource=ROLE_ARN, trust=[let(USER_ARN, _ASSUME)]),
    _role("a trusted role within its boundary", NO_BOUNDARY, SAME, boundary=[allow("s3:*")],
          trust=[let(ROLE_ARN, _ASSUME)]),
    # Trust across accounts
    _role("another account's role, both sides", ALLOWED, TRUST, AWAY, identity=_MAY_ASSUME,
          trust=[let(HOME_ROOT, _ASSUME)]),
    _role("another account's role, trust alone", NO_IDENTITY, TRUST, AWAY,
          trust=[let(ROLE_ARN, _ASSUME)]),
    _role("another account's role, the identity alone", NO_TRUST, TRUST, AWAY,
          identity=_MAY_ASSUME, trust=[let(AWAY_ROOT, _ASSUME)]),
    _role("with the external id", ALLOWED, EXTERNAL_ID, AWAY, identity=_MAY_ASSUME,
          context={"sts:ExternalId": "causeway-7"}, trust=[let(HOME_ROOT, _ASSUME, Condition=_ID)]),
    _role("with another external id", NO_TRUST, EXTERNAL_ID, AWAY, identity=_MAY_ASSUME,
          context={"sts:ExternalId": "causeway-8"}, trust=[let(HOME_ROOT, _ASSUME, Condition=_ID)]),
    _role("without the external id", NO_TRUST, EXTERNAL_ID, AWAY, identity=_MAY_ASSUME,
          trust=[let(HOME_ROOT, _ASSUME, Condition=_ID)]),
    _role("an external id that is not asked for", ALLOWED, EXTERNAL_ID, AWAY,
          identity=_MAY_ASSUME, context={"sts:ExternalId": "x"}, trust=[let(HOME_ROOT, _ASSUME)]),
    _role("with a source identity", ALLOWED, SOURCE_IDENTITY, AWAY, identity=_MAY_ASSUME,
          context={"sts:SourceIdentity": "ana"},
          trust=[let(HOME_ROOT, _ASSUME, Condition=_PERSON)]),
    _role("without the source identity", NO_TRUST, SOURCE_IDENTITY, AWAY, identity=_MAY_ASSUME,
          trust=[let(HOME_ROOT, _ASSUME, Condition=_PERSON)]),
    _role("a source identity is set where trust lets it", ALLOWED, SOURCE_IDENTITY, AWAY,
          action="sts:SetSourceIdentity", identity=[allow("sts:SetSourceIdentity")],
          trust=[let(HOME_ROOT, [_ASSUME, "sts:SetSourceIdentity"])]),
    _role("a source identity that trust does not let be set", NO_TRUST, SOURCE_IDENTITY, AWAY,
          action="sts:SetSourceIdentity", identity=[allow("sts:*")],
          trust=[let(HOME_ROOT, _ASSUME)]),
    _role("session tags need their own permission", NO_TRUST, SESSION_TAGS, AWAY,
          action="sts:TagSession", identity=[allow("sts:*")], trust=[let(HOME_ROOT, _ASSUME)]),
    # Services and providers
    _role("a trusted service", ALLOWED, TRUST, who=_SAGEMAKER,
          trust=[let({"Service": "sagemaker.amazonaws.com"}, _ASSUME)]),
    _role("another service", NO_TRUST, TRUST, who=_SAGEMAKER,
          trust=[let({"Service": "lambda.amazonaws.com"}, _ASSUME)]),
    _role("a service for another account", NO_TRUST, DEPUTY, who=_SAGEMAKER,
          context={"aws:SourceAccount": AWAY}, trust=[let(
              {"Service": "sagemaker.amazonaws.com"}, _ASSUME,
              Condition={"StringEquals": {"aws:SourceAccount": HOME}})]),
    _role("a trusted provider", ALLOWED, FEDERATION, who=Principal.of_provider(_SAML),
          action="sts:AssumeRoleWithSAML",
          trust=[let({"Federated": _SAML}, "sts:AssumeRoleWithSAML")]),
    _role("another provider", NO_TRUST, FEDERATION, action="sts:AssumeRoleWithSAML",
          who=Principal.of_provider(_SAML + "-2"),
          trust=[let({"Federated": _SAML}, "sts:AssumeRoleWithSAML")]),
    # Keys, one account
    _key("a key that leaves it to IAM", ALLOWED, KEY_DEFAULT, identity=[allow("kms:Decrypt")],
         resource_policy=[let(HOME_ROOT, "kms:*", Resource="*")]),
    _key("a key that leaves it to IAM, no identity", NO_IDENTITY, KEY_DEFAULT,
         resource_policy=[let(HOME_ROOT, "kms:*", Resource="*")]),
    _key("a key without that statement", NO_RESOURCE, KEY_POLICIES, identity=[allow()],
         resource_policy=[let(USER_ARN, "kms:*", Resource="*")]),
    _key("a key without a policy", NO_RESOURCE, KEY_POLICIES, identity=[allow()]),
    _key("a key that names the role", ALLOWED, KEY_POLICIES,
         resource_policy=[let(ROLE_ARN, _USE, Resource="*")]),
    _key("a key that names the user", ALLOWED, KEY_POLICIES, who=USER,
         resource_policy=[let(USER_ARN, _USE, Resource="*")]),
    _key("a key that names the session", ALLOWED, KEY_POLICIES,
         resource_policy=[let(SESSION_ARN, _USE, Resource="*")]),
    _key("a key that grants another use", NO_RESOURCE, KEY_POLICIES, action="kms:Encrypt",
         identity=[allow("kms:*")], resource_policy=[let(ROLE_ARN, _USE, Resource="*")]),
    _key("a key that denies", DENY_RESOURCE, EXPLICIT, identity=[allow()],
         resource_policy=[let(HOME_ROOT, "kms:*"), keep(ROLE_ARN, "kms:Decrypt")]),
    _key("even the root user needs the key's policy", NO_RESOURCE, KEY_DEFAULT, who=ROOT,
         resource_policy=[let(ROLE_ARN, _USE, Resource="*")]),
    _key("the root user of a key that leaves it to IAM", ALLOWED, KEY_DEFAULT, who=ROOT,
         resource_policy=[let(HOME_ROOT, "kms:*", Resource="*")]),
    _key("keys are listed without a key's policy", ALLOWED, KEY_POLICIES, action="kms:ListKeys",
         resource="*", identity=[allow("kms:ListKeys")]),
    _key("an alias has no policy of its own", ALLOWED, KEY_ALIASES, action="kms:CreateAlias",
         resource=f"arn:aws:kms:eu-central-1:{HOME}:alias/data",
         identity=[allow("kms:CreateAlias")]),
    # Keys across accounts
    _key("another account's key, both sides", ALLOWED, KEY_CROSS, AWAY,
         identity=[allow("kms:Decrypt")], resource_policy=[let(HOME_ROOT, _USE, Resource="*")]),
    _key("another account's key, its policy alone", NO_IDENTITY, KEY_CROSS, AWAY,
         resource_policy=[let(ROLE_ARN, _USE, Resource="*")]),
    _key("another account's key, the identity alone", NO_RESOURCE, KEY_CROSS, AWAY,
         identity=[allow("kms:Decrypt")], resource_policy=[let(AWAY_ROOT, "kms:*", Resource="*")]),
    # Keys under conditions
    _key("through the service that it names", ALLOWED, KEY_CONDITIONS, AWAY,
         identity=[allow("kms:Decrypt")],
         context={"kms:ViaService": "s3.eu-central-1.amazonaws.com"},
         resource_policy=[let(HOME_ROOT, _USE, Condition=_VIA_S3)]),
    _key("through another service", NO_RESOURCE, KEY_CONDITIONS, AWAY,
         identity=[allow("kms:Decrypt")],
         context={"kms:ViaService": "sagemaker.eu-central-1.amazonaws.com"},
         resource_policy=[let(HOME_ROOT, _USE, Condition=_VIA_S3)]),
    _key("through no service", NO_RESOURCE, KEY_CONDITIONS, AWAY, identity=[allow("kms:Decrypt")],
         resource_policy=[let(HOME_ROOT, _USE, Condition=_VIA_S3)]),
    _key("with the encryption context", ALLOWED, KEY_CONDITIONS,
         context={"kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::data"},
         resource_policy=[let(ROLE_ARN, _USE, Condition=_CONTEXT)]),
    _key("without the encryption context", NO_RESOURCE, KEY_CONDITIONS,
         resource_policy=[let(ROLE_ARN, _USE, Condition=_CONTEXT)]),
    _key("a grant for AWS", ALLOWED, KEY_CONDITIONS, action="kms:CreateGrant",
         context={"kms:GrantIsForAWSResource": True},
         resource_policy=[let(ROLE_ARN, "kms:CreateGrant", Condition=_FOR_AWS)]),
    _key("a grant for oneself", NO_RESOURCE, KEY_CONDITIONS, action="kms:CreateGrant",
         context={"kms:GrantIsForAWSResource": False},
         resource_policy=[let(ROLE_ARN, "kms:CreateGrant", Condition=_FOR_AWS)]),
]  # fmt: skip
