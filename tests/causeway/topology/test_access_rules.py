from datetime import UTC, datetime

import pytest

from causeway.errors import ConfigError
from causeway.topology.access_rules import GRANTS_OF, AccessRule, Grant, ResourceKind
from causeway.use_cases.use_case import USE_CASES_DIR
from tests.causeway.values import use_case_of

TEXT = (USE_CASES_DIR / "credit_risk.yaml").read_text()


def declared(rule: str) -> AccessRule:
    (rule_,) = use_case_of(f"{TEXT}\naccess:\n  - {rule}\n", "case.yaml").access or ()
    return rule_


def test_every_kind_of_resource_knows_a_grant() -> None:
    assert set(GRANTS_OF) == set(ResourceKind)
    assert {grant for grants in GRANTS_OF.values() for grant in grants} == set(Grant)


def test_a_rule_is_read_with_its_defaults() -> None:
    rule = declared("{resource: feature_groups, grant: read_write, to: [data_science]}")
    assert (rule.share_label, rule.route, rule.until) == ("read-write", "ram", None)


def test_a_day_is_the_end_of_a_rule_at_its_first_moment() -> None:
    rule = declared("{resource: feature_groups, grant: read, to: [prod], until: 2026-03-01}")
    assert rule.holds(datetime(2026, 2, 28, 23, 59, tzinfo=UTC))
    assert not rule.holds(datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "receiver",
    [
        "data_science",
        '"777777777777"',
        "organisation",
        "ou-ab12-cdef5678",
        "arn:aws:organizations::444444444444:organization/o-causeway00",
        "arn:aws:organizations::444444444444:ou/o-causeway00/ou-ab12-cdef5678",
    ],
)
def test_receivers_are_roles_accounts_units_and_the_organisation(receiver: str) -> None:
    rule = declared(f"{{resource: model_cards, grant: export, to: [{receiver}]}}")
    assert rule.to == (receiver.strip('"'),)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("resource: feature_groups, grant: deploy, to: [prod]", "allowed: read, read_write, admin"),
        ("resource: feature_catalog, grant: read, to: [prod]", "allowed: discover"),
        ("resource: feature_group, grant: read, to: [prod]", "access.0.resource"),
        ("resource: feature_groups, grant: read, to: []", "access.0.to"),
        ("resource: feature_groups, grant: read, to: [111111111111]", "an account id in quotes"),
        ("resource: feature_groups, grant: read, to: [arn:aws:iam::1:role/x]", "is no receiver"),
        ("resource: feature_catalog, grant: discover, to: [prod], names: [a]", "one per account"),
        ("resource: model_groups, grant: review, to: [prod], tags: {a: b}", "tags choose among"),
        ("resource: model_groups, grant: review, to: [prod], of: [data]", "leave out `of`"),
        ("resource: model_cards, grant: read, to: [prod], route: policy", "only model_groups have"),
        ("resource: model_cards, grant: read, to: [prod], until: soon", "access.0.until"),
    ],
)
def test_a_wrong_rule_is_refused_with_file_key_and_reason(rule: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        declared(f"{{{rule}}}")
    assert "case.yaml: access.0" in str(caught.value)
    assert message in str(caught.value)
