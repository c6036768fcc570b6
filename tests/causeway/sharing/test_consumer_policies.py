"""Statements for consumers beyond the baseline: who, what, and that they come and go by Sid."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from causeway.errors import ConfigError
from causeway.iam import Policies, PolicyType, Principal, Request, evaluate, parse
from causeway.sharing.consumer_policies import PREFIX, ConsumerPolicy, consumer_policies
from causeway.sharing.policies import PolicyHolder, converged
from causeway.topology.access_rules import AccessRule
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.use_cases.use_case import UseCase

STRANGER = "777777777777"
CONSUMER = "888888888888"
ORGANISATION = "arn:aws:organizations::444444444444:organization/o-abcdefghij"
UNIT = "arn:aws:organizations::444444444444:ou/o-abcdefghij/ou-abcd-abcdefgh"
DATA, SHARED = AccountRole.DATA, AccountRole.SHARED_SERVICES


def granted(case: UseCase, *rules: dict[str, Any]) -> UseCase:
    return case.model_copy(update={"access": tuple(AccessRule(**rule) for rule in rules)})


def read(*to: str) -> dict[str, Any]:
    return {"resource": "feature_groups", "grant": "read", "to": to}


def use(grant: str, *to: str) -> dict[str, Any]:
    return {"resource": "model_groups", "grant": grant, "to": to, "label": f"x-{grant}"}


def of(policies_: tuple[ConsumerPolicy, ...], holder: PolicyHolder) -> ConsumerPolicy:
    (match,) = [policy for policy in policies_ if policy.holder is holder]
    return match


def may(policy: ConsumerPolicy, account: str, action: str, resource: str, **facts: Any) -> bool:
    """Ask whether a role of an account that may do everything is let in by the statements."""
    who = Principal.of_arn(f"arn:aws:sts::{account}:assumed-role/reader/s")
    everything = {"Version": "2012-10-17", "Statement": []}
    everything["Statement"] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]  # type: ignore[assignment]
    document = {"Version": "2012-10-17", "Statement": list(policy.statements)}
    policies = Policies(
        identity=(parse(everything, PolicyType.IDENTITY),),
        resource=(parse(document, PolicyType.RESOURCE),),
    )
    owner = "111111111111"
    return evaluate(Request(who, action, resource, facts, owner), policies).allowed


def test_the_baseline_is_the_templates_own(
    case: UseCase, topology: Topology, now: datetime
) -> None:
    for role in AccountRole:
        for policy in consumer_policies(role, [case], topology, now):
            assert policy.statements == () or policy.holder is PolicyHolder.CATALOG


def test_the_catalogue_is_open_to_who_reads_the_groups_and_to_the_trainer(
    case: UseCase, topology: Topology, now: datetime
) -> None:
    rules = [read("data_science"), read("test", STRANGER)]
    policy = of(
        consumer_policies(DATA, [granted(case, *rules)], topology, now), PolicyHolder.CATALOG
    )
    start = "arn:aws:glue:eu-central-1:111111111111"
    table = f"{start}:table/sagemaker_featurestore/credit_risk_loan_1700000000"
    for arn in (f"{start}:catalog", f"{start}:database/sagemaker_featurestore", table):
        assert may(policy, STRANGER, "glue:GetTable", arn)
        trainer = {"aws:PrincipalArn": "arn:aws:iam::222222222222:role/causeway-trainer"}
        assert may(policy, "222222222222", "glue:GetTable", arn, **trainer)
        assert not may(policy, "222222222222", "glue:GetTable", arn)
    assert not may(policy, STRANGER, "glue:DeleteTable", table)
    other = f"{start}:table/sagemaker_featurestore/salaries_1700000000"
    assert not may(policy, STRANGER, "glue:GetTable", other)


def test_another_account_reads_the_offline_store_of_what_it_was_granted(
    case: UseCase, topology: Topology, now: datetime
) -> None:
    policies_ = consumer_policies(
        DATA, [granted(case, read("test", "consumer", STRANGER))], topology, now
    )
    bucket, key = of(policies_, PolicyHolder.BUCKET), of(policies_, PolicyHolder.KEY)
    arn = f"arn:aws:s3:::{bucket.name}"
    inside = f"{arn}/offline-store/credit_risk/x.parquet"
    reader = {"aws:PrincipalArn": f"arn:aws:iam::{CONSUMER}:role/causeway-reader"}
    assert not may(bucket, CONSUMER, "s3:GetObject", inside), "only its reader may"
    assert not may(bucket, "555555555555", "s3:GetObject", inside), "test reads online only"
    for account, who in ((CONSUMER, reader), (STRANGER, {})):
        assert may(bucket, account, "s3:GetObject", inside, **who)
        prefix = {"s3:prefix": "offline-store/credit_risk/a"}
        assert may(bucket, account, "s3:ListBucket", arn, **prefix, **who)
        via = {"kms:ViaService": "s3.eu-central-1.amazonaws.com", **who}
        assert may(
            key, account, "kms:Decrypt", "arn:aws:kms:eu-central-1:111111111111:key/k", **via
        )
        assert not may(key, account, "kms:Decrypt", "arn:aws:kms:eu-central-1:111111111111:key/k")
        assert not may(bucket, account, "s3:PutObject", inside)
        assert not may(bucket, account, "s3:GetObject", f"{arn}/raw/credit_risk/x.csv")
    assert not may(bucket, "888888888888", "s3:GetObject", inside)


def test_an_organisation_and_a_unit_are_let_in_by_what_the_caller_belongs_to(
    case: UseCase, topology: Topology, now: datetime
) -> None:
    policies_ = consumer_policies(DATA, [granted(case, read(ORGANISATION, UNIT))], topology, now)
    bucket = of(policies_, PolicyHolder.BUCKET)
    inside = f"arn:aws:s3:::{bucket.name}/offline-store/credit_risk/x.parquet"
    member = {"aws:PrincipalOrgID": "o-abcdefghij"}
    below = {"aws:PrincipalOrgPaths": ["o-abcdefghij/r-ab/ou-abcd-abcdefgh/ou-abcd-xxxxxxxx/"]}
    beside = {"aws:PrincipalOrgPaths": ["o-abcdefghij/r-ab/ou-abcd-zzzzzzzz/"]}
    assert may(bucket, STRANGER, "s3:GetObject", inside, **member)
    assert may(bucket, STRANGER, "s3:GetObject", inside, **below)
    assert not may(bucket, STRANGER, "s3:GetObject", inside, **beside)
    assert not may(bucket, STRANGER, "s3:GetObject", inside)


def test_who_deploys_reads_released_artifacts_and_who_registers_reads_and_stores_all(
    case: UseCase, topology: Topology, now: datetime
) -> None:
    rules = (
        use("deploy", STRANGER),
        use("register", "888888888888"),
        use("review", "999999999999"),
    )
    policies_ = consumer_policies(SHARED, [granted(case, *rules)], topology, now)
    bucket, key = of(policies_, PolicyHolder.BUCKET), of(policies_, PolicyHolder.KEY)
    artifact = f"arn:aws:s3:::{bucket.name}/models/credit_risk/d/model.tar.gz"
    released = {"s3:ExistingObjectTag/causeway-approved-production": "true"}
    verdicts = {
        account: (
            may(bucket, account, "s3:GetObject", artifact),
            may(bucket, account, "s3:GetObject", artifact, **released),
            may(bucket, account, "s3:PutObject", artifact),
        )
        for account in (STRANGER, "888888888888", "999999999999")
    }
    assert verdicts == {
        STRANGER: (False, True, False),
        "888888888888": (True, True, True),
        "999999999999": (False, False, False),
    }
    assert [s["Sid"] for s in key.statements] == [f"{PREFIX}Decrypt", f"{PREFIX}Encrypt"]


def test_an_image_in_an_account_of_ours_is_pulled_by_those_who_run_it(
    case: UseCase, topology: Topology, now: datetime
) -> None:
    image = "333333333333.dkr.ecr.eu-central-1.amazonaws.com/causeway/serving:1"
    with_image = topology.model_copy(update={"images": {**topology.images, "serving": image}})
    policies_ = consumer_policies(SHARED, [case], with_image, now)
    repository = of(policies_, PolicyHolder.REPOSITORY)
    assert repository.name == "causeway/serving"
    (statement,) = repository.statements
    assert "Resource" not in statement
    assert [arn.split(":")[4] for arn in statement["Principal"]["AWS"]] == [
        "111111111111",
        "222222222222",
        "555555555555",
        "666666666666",
    ]


def test_what_is_not_granted_any_more_goes_and_foreign_statements_stay(
    case: UseCase, topology: Topology, now: datetime
) -> None:
    before = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "TlsOnly",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": "*",
            }
        ],
    }
    policy = of(
        consumer_policies(DATA, [granted(case, read(STRANGER))], topology, now), PolicyHolder.BUCKET
    )
    options: dict[str, Any] = {"prefix": PREFIX, "holder": PolicyHolder.BUCKET}
    document = converged(before, policy.statements, **options)
    assert document is not None and len(json.loads(document)["Statement"]) == 3
    assert converged(document, policy.statements, **options) is None
    back = converged(document, (), **options)
    assert back is not None and json.loads(back)["Statement"] == before["Statement"]


def test_a_policy_that_grows_too_large_is_refused_with_a_way_out(
    case: UseCase, topology: Topology, now: datetime
) -> None:
    many = [f"{n:012d}" for n in range(1, 1200)]
    policy = of(
        consumer_policies(DATA, [granted(case, read(*many))], topology, now), PolicyHolder.KEY
    )
    with pytest.raises(ConfigError, match="it takes 32768") as raised:
        converged(None, policy.statements, prefix=PREFIX, holder=PolicyHolder.KEY)
    assert "organisation" in str(raised.value.next_step)


def test_a_statement_that_would_not_be_recognised_again_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not begin with"):
        converged(None, [{"Sid": "Other"}], prefix=PREFIX, holder=PolicyHolder.BUCKET)
