"""Who a person is: what the topology takes as one, and the trust that is generated from it."""

from __future__ import annotations

import json

import pytest

from causeway.documents import parse
from causeway.errors import ConfigError
from causeway.topology.accounts import Topology
from causeway.topology.people import Person, trust_size, trust_statements
from tests.causeway.topology.test_accounts import TEXT

SSO = (
    "arn:aws:iam::444444444444:role/aws-reserved/sso.amazonaws.com/eu-central-1/"
    "AWSReservedSSO_Approver_0123456789abcdef"
)
USER = "arn:aws:iam::444444444444:user/people/ann"


def people(**principals: str) -> Topology:
    entries = ", ".join(
        f"{name}: {{source_identity: {name}, airflow_user: {name}, principal: {principal}, "
        "decides: [test]}"
        for name, principal in principals.items()
    )
    return parse(
        TEXT.replace("{p: {source_identity: p1, airflow_user: p2}}", f"{{{entries}}}"),
        Topology,
        "t.yaml",
    )


def test_a_statement_binds_one_principal_to_one_source_identity() -> None:
    topology = people(ann=f'{{iam_user: "{USER}"}}')
    (statement,) = trust_statements(topology.people, "test")
    assert trust_statements(topology.people, "production") == ()
    assert statement["Principal"] == {"AWS": USER}
    assert statement["Action"] == ["sts:AssumeRole", "sts:SetSourceIdentity"]
    assert statement["Condition"] == {"StringEquals": {"sts:SourceIdentity": "ann"}}
    assert statement["Sid"].isalnum()


def test_users_of_one_identity_center_role_are_told_apart_by_their_names() -> None:
    topology = people(
        ann=f'{{role: "{SSO}", user_name: ann@x.org}}',
        bob=f'{{role: "{SSO}", user_name: bob@x.org}}',
    )
    first, second = trust_statements(topology.people, "test")
    assert first["Principal"] == second["Principal"] == {"AWS": SSO}
    assert first["Condition"] == {
        "StringEquals": {"sts:SourceIdentity": "ann"},
        "StringLike": {"aws:userid": "*:ann@x.org"},
    }
    assert second["Condition"]["StringLike"] == {"aws:userid": "*:bob@x.org"}


def test_a_saml_user_is_the_subject_that_the_provider_asserts() -> None:
    provider = "arn:aws:iam::333333333333:saml-provider/corporate"
    topology = people(ann=f'{{saml_provider: "{provider}", subject: ann@x.org}}')
    (statement,) = trust_statements(topology.people, "test")
    assert statement["Principal"] == {"Federated": provider}
    assert statement["Action"] == ["sts:AssumeRoleWithSAML", "sts:SetSourceIdentity"]
    assert statement["Condition"]["StringEquals"] == {
        "sts:SourceIdentity": "ann",
        "SAML:aud": "https://signin.aws.amazon.com/saml",
        "SAML:sub": "ann@x.org",
    }


def test_an_assertion_is_addressed_to_the_sign_in_of_its_partition() -> None:
    def audience(partition: str) -> str:
        provider = f"arn:{partition}:iam::333333333333:saml-provider/corporate"
        topology = people(ann=f'{{saml_provider: "{provider}", subject: ann@x.org}}')
        (statement,) = trust_statements(topology.people, "test")
        return str(statement["Condition"]["StringEquals"]["SAML:aud"])

    assert audience("aws-cn") == "https://signin.amazonaws.cn/saml"
    assert audience("aws-us-gov") == "https://signin.amazonaws-us-gov.com/saml"


def test_airflow_is_no_person() -> None:
    text = TEXT.replace(
        "{p: {source_identity: p1, airflow_user: p2}}",
        f'{{p: {{source_identity: p1, airflow_user: p2, principal: {{iam_user: "{USER}"}}}}}}',
    )
    with pytest.raises(ConfigError, match="which the Airflow processes run as"):
        parse(f'{text}airflow: {{role_arn: "{USER}"}}\n', Topology, "t.yaml")


def test_a_person_without_a_principal_gets_no_trust() -> None:
    assert trust_statements({"p": Person(source_identity="p1", airflow_user="p")}, "test") == ()


@pytest.mark.parametrize(
    ("principals", "message"),
    [
        (
            {"ann": '{role: "arn:aws:iam::444444444444:role/approvers", user_name: ann}'},
            "chooses the session's name",
        ),
        ({"ann": f'{{role: "{SSO}"}}'}, "signs in as one of"),
        ({"ann": f'{{role: "{SSO}", user_name: "*"}}'}, "user_name"),
        ({"ann": f'{{iam_user: "{USER}", user_name: ann}}'}, "signs in as one of"),
        ({"ann": '{iam_user: "arn:aws:iam::444444444444:root"}'}, "iam_user"),
        (
            {"ann": f'{{iam_user: "{USER}"}}', "bob": f'{{iam_user: "{USER}"}}'},
            "have one principal",
        ),
        (
            {
                "ann": f'{{role: "{SSO}", user_name: ann@x.org}}',
                "bob": f'{{role: "{SSO}", user_name: Ann@x.org}}',
            },
            "have one principal",
        ),
        ({"ann": '{iam_user: "arn:aws:iam::444444444444:user/änn"}'}, "iam_user"),
        (
            {"ann": '{saml_provider: "arn:aws:iam::444444444444:saml-provider/c", subject: ann}'},
            "a SAML provider of the shared services account",
        ),
        (
            {"ann": '{iam_user: "arn:aws:iam::555555555555:user/ann"}'},
            "signs in from the account of test",
        ),
    ],
)
def test_what_does_not_mean_one_person_is_refused(principals: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        people(**principals)


def test_more_people_than_a_trust_policy_holds_are_refused() -> None:
    def users(count: int) -> Topology:
        return people(
            **{f"p{n}": f'{{iam_user: "arn:aws:iam::444444444444:user/{n}"}}' for n in range(count)}
        )

    few = trust_statements(users(6).people, "test")
    assert sum(len(json.dumps(s, separators=(",", ":"))) for s in few) < trust_size(few) < 2048
    with pytest.raises(ConfigError, match="at most 4096"):
        trust_statements(users(30).people, "test")


def test_approvals_wait_for_the_trail_except_on_the_local_aws() -> None:
    text = f"{TEXT}trail_delay_minutes: 0\n"
    with pytest.raises(ConfigError, match="would refuse genuine approvals"):
        parse(text, Topology, "t.yaml")
    assert parse(f"{text}local: true\n", Topology, "t.yaml").trail_delay_minutes == 0
