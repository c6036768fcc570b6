from datetime import timedelta

import pytest

from causeway.errors import ConfigError
from causeway.sharing.grants import desired_grants, receiving_accounts
from causeway.topology.access_rules import AccessRule
from causeway.topology.account_roles import DEPLOYED_ROLES
from causeway.topology.accounts import Organisation

GROUPS = {"credit-risk-applicant", "credit-risk-loan", "credit-risk-outcome"}
ORGANISATION = "arn:aws:organizations::444444444444:organization/o-causeway00"


@pytest.fixture
def topology(topology):
    """The shipped topology, which declares nothing by itself here."""
    return topology.model_copy(update={"access": ()})


def rules(*declared: dict) -> tuple[AccessRule, ...]:
    return tuple(AccessRule.model_validate(rule) for rule in declared)


def with_rules(case, *declared: dict):
    return case.model_copy(update={"access": rules(*declared)})


def read(**more) -> dict:
    return {"resource": "feature_groups", "grant": "read", "to": ["data_science"], **more}


def deploy(**more) -> dict:
    return {"resource": "model_groups", "grant": "deploy", "to": ["test"], **more}


def test_a_use_case_that_declares_nothing_is_read_registered_and_deployed(
    case, topology, now
) -> None:
    grants = desired_grants((case.model_copy(update={"access": None}),), topology, now)
    summary = {(g.grant.value, g.principal, g.owner) for g in grants}
    assert summary == {
        ("read", "222222222222", "111111111111"),
        ("read", "666666666666", "333333333333"),
        ("register", "222222222222", "333333333333"),
        ("deploy", "555555555555", "333333333333"),
        ("deploy", "666666666666", "333333333333"),
        ("read_write", "222222222222", "333333333333"),
        ("read_write", "555555555555", "333333333333"),
    }
    assert {g.resource.name for g in grants} == {*GROUPS, "credit-risk"}
    assert not any(receiving_accounts(g, topology) == () for g in grants)


def test_groups_are_chosen_by_name_and_by_tag(case, topology, now) -> None:
    first, *others = case.feature_groups
    tagged = first.model_copy(update={"tags": {"sensitivity": "personal", "unit": "loans"}})
    case = case.model_copy(update={"feature_groups": (tagged, *others)})
    by_tag = with_rules(case, read(tags={"sensitivity": "personal"}))
    (grant,) = desired_grants((by_tag,), topology, now)
    assert grant.resource.path == "feature-group/credit-risk-applicant"
    by_name = with_rules(case, read(names=["credit-risk-loan"]))
    (grant,) = desired_grants((by_name,), topology, now)
    assert grant.resource.path == "feature-group/credit-risk-loan"
    with pytest.raises(ConfigError, match="feature_groups has no stranger"):
        desired_grants((with_rules(case, read(names=["stranger"])),), topology, now)


def test_an_expired_grant_is_not_desired(case, topology, now) -> None:
    limited = with_rules(case, read(until=now + timedelta(hours=1)))
    assert {g.until for g in desired_grants((limited,), topology, now)} == {
        now + timedelta(hours=1)
    }
    assert desired_grants((limited,), topology, now + timedelta(hours=1)) == ()


def test_the_longer_of_two_equal_grants_holds(case, topology, now) -> None:
    for_a_day = read(until=now + timedelta(days=1))
    twice = with_rules(case, for_a_day, read(until=now + timedelta(days=2)), for_a_day)
    assert {g.until for g in desired_grants((twice,), topology, now)} == {now + timedelta(days=2)}
    forever = with_rules(case, for_a_day, read())
    assert {g.until for g in desired_grants((forever,), topology, now)} == {None}


def test_roles_in_one_account_share_nothing(case, topology, now) -> None:
    accounts = dict.fromkeys(DEPLOYED_ROLES, "111111111111")
    merged = topology.model_copy(update={"accounts": accounts})
    assert desired_grants((case,), merged, now) == ()


def test_the_topology_declares_for_whole_accounts_and_every_use_case(case, topology, now) -> None:
    with_access = topology.model_copy(
        update={
            "access": rules(
                {"resource": "feature_catalog", "grant": "discover", "to": ["data_science"]},
                {
                    "resource": "lineage_group",
                    "grant": "read_write",
                    "to": ["prod"],
                    "of": ["data", "shared_services"],
                },
                {"resource": "model_cards", "grant": "read", "to": ["777777777777"]},
            )
        }
    )
    grants = desired_grants((with_rules(case),), with_access, now)
    assert {(g.share, str(g.resource).partition("sagemaker:")[2], g.principal) for g in grants} == {
        (
            "causeway-catalog-discover",
            "eu-central-1:111111111111:sagemaker-catalog/DefaultFeatureGroupCatalog",
            "222222222222",
        ),
        (
            "causeway-lineage-read-write",
            "eu-central-1:111111111111:lineage-group/sagemaker-default-lineage-group",
            "666666666666",
        ),
        (
            "causeway-lineage-read-write",
            "eu-central-1:333333333333:lineage-group/sagemaker-default-lineage-group",
            "666666666666",
        ),
        (
            "causeway-cards-all-read",
            "eu-central-1:333333333333:model-card/credit-risk",
            "777777777777",
        ),
    }


def test_the_organisation_and_its_units_are_principals_by_arn(case, topology, now) -> None:
    to_all = with_rules(case, deploy(to=["organisation", "ou-ab12-cdef5678", "prod"]))
    with pytest.raises(ConfigError, match=r"organisation\.id is missing"):
        desired_grants((to_all,), topology, now)
    organised = topology.model_copy(update={"organisation": Organisation(id="o-causeway00")})
    grants = {g.principal: g for g in desired_grants((to_all,), organised, now)}
    unit = "arn:aws:organizations::444444444444:ou/o-causeway00/ou-ab12-cdef5678"
    assert set(grants) == {ORGANISATION, unit, "666666666666"}
    reached = receiving_accounts(grants[ORGANISATION], organised)
    assert "333333333333" not in reached
    assert len(reached) == 6
    assert receiving_accounts(grants[unit], organised) == ()


def test_rules_that_differ_do_not_meet_in_one_share(case, topology, now) -> None:
    both = (read(names=["credit-risk-loan"]), read(to=["prod"]))
    with pytest.raises(ConfigError, match="one share causeway-features-credit-risk-read"):
        desired_grants((with_rules(case, *both),), topology, now)
    labelled = with_rules(case, both[0], {**both[1], "label": "operations"})
    shares = {g.share for g in desired_grants((labelled,), topology, now)}
    assert shares == {
        "causeway-features-credit-risk-read",
        "causeway-features-credit-risk-operations",
    }
    with pytest.raises(ConfigError, match="would make one share causeway-features-credit-risk-x"):
        desired_grants(
            (with_rules(case, read(label="x"), read(label="x", grant="admin")),), topology, now
        )


def test_a_model_group_has_one_route(case, topology, now) -> None:
    two = with_rules(case, deploy(route="policy"), deploy(to=["prod"], grant="review"))
    with pytest.raises(ConfigError, match="through RAM and through a resource policy"):
        desired_grants((two,), topology, now)
    (grant,) = desired_grants((with_rules(case, deploy(route="policy")),), topology, now)
    assert grant.route == "policy"


def test_only_accounts_with_a_sharing_duty_own_what_is_shared(case, topology, now) -> None:
    lineage = {"resource": "lineage_group", "grant": "read_write", "to": ["data"], "of": ["prod"]}
    with pytest.raises(ConfigError, match="prod has no duty that shares"):
        desired_grants((with_rules(case, lineage),), topology, now)


def test_an_unknown_role_is_refused_with_the_roles_there_are(case, topology, now) -> None:
    with pytest.raises(ConfigError, match="'stage' is no account role"):
        desired_grants((with_rules(case, read(to=["stage"])),), topology, now)
