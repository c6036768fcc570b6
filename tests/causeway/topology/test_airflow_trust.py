"""Whom Airflow's own role trusts, by what the topology says of the Airflow processes."""

from __future__ import annotations

import pytest

from causeway.documents import parse
from causeway.errors import ConfigError
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.airflow_trust import trust_statements
from causeway.topology.stacks import guards_template, parameters
from tests.causeway.topology.test_accounts import TEXT


def topology(airflow: str) -> Topology:
    return parse(f"{TEXT}airflow: {airflow}\n", Topology, "t.yaml")


def statements(airflow: str) -> list[dict[str, object]]:
    return trust_statements(topology(airflow).airflow, partition="aws", account="444444444444")


def test_a_web_identity_is_bound_to_audience_and_subjects() -> None:
    (statement,) = statements(
        "{web_identity: [{provider: oidc.eks.eu-central-1.amazonaws.com/id/A1, "
        'subjects: ["system:serviceaccount:airflow:*"]}]}'
    )
    assert statement["Principal"] == {
        "Federated": "arn:aws:iam::444444444444:oidc-provider/"
        "oidc.eks.eu-central-1.amazonaws.com/id/A1"
    }
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {"oidc.eks.eu-central-1.amazonaws.com/id/A1:aud": "sts.amazonaws.com"},
        "StringLike": {
            "oidc.eks.eu-central-1.amazonaws.com/id/A1:sub": ["system:serviceaccount:airflow:*"]
        },
    }


def test_a_subject_that_is_written_out_is_compared_as_it_is() -> None:
    subjects = '["repo:acme/ml:ref:refs/heads/main", "repo:acme/ml:environment:*"]'
    exact, pattern = statements(
        f"{{web_identity: [{{provider: token.example.com, subjects: {subjects}}}]}}"
    )
    assert exact["Condition"] == {
        "StringEquals": {
            "token.example.com:aud": "sts.amazonaws.com",
            "token.example.com:sub": ["repo:acme/ml:ref:refs/heads/main"],
        }
    }
    assert pattern["Condition"] == {
        "StringEquals": {"token.example.com:aud": "sts.amazonaws.com"},
        "StringLike": {"token.example.com:sub": ["repo:acme/ml:environment:*"]},
    }


@pytest.mark.parametrize(
    "subject",
    [
        "*",
        "repo:*",
        "repo:acme/*:environment:prod",
        "repo:acme/*",
        "repo::*",
        "system:serviceaccount:*",
        "system:serviceaccount:*:worker",
        "system:serviceaccount:air?low:worker",
        "system:serviceaccount::*",
        "${aws:username}",
    ],
)
def test_a_subject_that_strangers_may_have_is_refused(subject: str) -> None:
    with pytest.raises(ConfigError, match="subjects"):
        topology(f'{{web_identity: [{{provider: token.example.com, subjects: ["{subject}"]}}]}}')


def test_a_pod_identity_is_bound_to_cluster_and_service_account() -> None:
    (statement,) = statements(
        '{pod_identity: [{cluster: "arn:aws:eks:eu-central-1:444444444444:cluster/c", '
        "namespace: airflow, service_account: worker}]}"
    )
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Condition"] == {
        "StringEquals": {
            "aws:SourceAccount": "444444444444",
            "aws:RequestTag/eks-cluster-arn": "arn:aws:eks:eu-central-1:444444444444:cluster/c",
            "aws:RequestTag/kubernetes-namespace": "airflow",
            "aws:RequestTag/kubernetes-service-account": "worker",
        }
    }


def test_a_service_acts_for_the_account_alone() -> None:
    ecs, ec2 = statements("{services: [ecs-tasks.amazonaws.com, ec2.amazonaws.com]}")
    assert ecs["Condition"] == {"StringEquals": {"aws:SourceAccount": "444444444444"}}
    assert ec2["Principal"] == {"Service": "ec2.amazonaws.com"}


def test_what_anybody_could_be_is_refused() -> None:
    with pytest.raises(ConfigError, match="subjects"):
        topology('{web_identity: [{provider: token.example.com, subjects: ["*"]}]}')
    with pytest.raises(ConfigError, match="services"):
        topology("{services: [lambda.amazonaws.com]}")


def test_the_account_is_trusted_only_where_nobody_is_named() -> None:
    role = AccountRole.GOVERNANCE

    def values(places: Topology) -> dict[str, str]:
        return parameters(role, places, guards_template(role, places))

    nobody = values(topology("{}"))
    assert nobody["TrustsAirflowOtherwise"] == "false"
    assert nobody["TrustedAirflowRoleArn"] == ""  # takes away one that was named before
    arn = "arn:aws:iam::444444444444:role/nodes"
    assert values(topology(f'{{role_arn: "{arn}"}}'))["TrustedAirflowRoleArn"] == arn
    services = topology("{services: [ecs-tasks.amazonaws.com]}")
    assert values(services)["TrustsAirflowOtherwise"] == "true"
    assert '"Sid": "Service0"' in guards_template(role, services)
