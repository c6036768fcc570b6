"""Whom a Principal names, and how directly."""

from __future__ import annotations

import pytest

from causeway.iam import Principal
from causeway.iam.principal_element import PrincipalElement, Reach
from tests.causeway.iam.cases import AWAY, HOME, HOME_ROOT, ROOT, SESSION, USER

SNS = Principal.of_service("sns.amazonaws.com")
GOOGLE = Principal.of_provider("accounts.google.com")


@pytest.mark.parametrize(
    ("element", "who", "reach"),
    [
        ("*", USER, Reach.DIRECT),
        ("*", Principal.anonymous(), Reach.DIRECT),
        ({"AWS": "*"}, SESSION, Reach.DIRECT),
        ({"AWS": HOME}, USER, Reach.ACCOUNT),
        ({"AWS": HOME_ROOT}, ROOT, Reach.ACCOUNT),
        ({"AWS": AWAY}, USER, Reach.NONE),
        ({"AWS": HOME}, Principal.anonymous(), Reach.NONE),
        ({"AWS": [AWAY, USER.arn]}, USER, Reach.DIRECT),
        ({"AWS": SESSION.policy_arn}, SESSION, Reach.ROLE),
        ({"AWS": [HOME_ROOT, SESSION.policy_arn]}, SESSION, Reach.ROLE),
        ({"AWS": SESSION.arn}, SESSION, Reach.DIRECT),
        ({"AWS": "AROAEXAMPLETRAINER01"}, SESSION, Reach.ROLE),
        ({"AWS": "AIDAEXAMPLEANA000001"}, USER, Reach.DIRECT),
        ({"Service": "sns.amazonaws.com"}, SNS, Reach.DIRECT),
        ({"Service": "sqs.amazonaws.com"}, SNS, Reach.NONE),
        ({"AWS": HOME}, SNS, Reach.NONE),
        ({"Federated": "accounts.google.com"}, GOOGLE, Reach.DIRECT),
        ({"Federated": "*"}, GOOGLE, Reach.DIRECT),
        ({"Federated": "graph.facebook.com"}, GOOGLE, Reach.NONE),
        ({"CanonicalUser": "79a59df900b949e5"}, ROOT, Reach.NONE),
    ],
)
def test_how_directly_a_principal_is_named(element: object, who: Principal, reach: Reach) -> None:
    assert PrincipalElement.read(element).reach(who) is reach


@pytest.mark.parametrize(
    ("element", "who", "spared"),
    [
        ("*", USER, True),
        ({"AWS": [USER.arn, HOME]}, USER, True),
        ({"AWS": USER.arn}, USER, False),
        ({"AWS": HOME}, USER, False),
        ({"AWS": HOME}, ROOT, True),
        ({"AWS": [SESSION.arn, HOME]}, SESSION, False),
        ({"AWS": [SESSION.arn, SESSION.policy_arn, HOME]}, SESSION, True),
        ({"Service": "sns.amazonaws.com"}, SNS, True),
        ({"AWS": HOME}, SNS, False),
        ({"AWS": HOME}, Principal.anonymous(), False),
    ],
)
def test_whom_a_not_principal_spares(element: object, who: Principal, spared: bool) -> None:
    assert PrincipalElement.read(element).spares(who) is spared
