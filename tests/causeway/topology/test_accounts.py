import copy

import pytest

from causeway.documents import CONFIG_DIR, parse
from causeway.errors import ConfigError
from causeway.topology.account_roles import DEPLOYED_ROLES, DUTIES, AccountRole
from causeway.topology.accounts import Topology, load_topology
from causeway.topology.connections import connection_id, connections

TEXT = """
name: t
region: eu-central-1
accounts: {data: "111111111111", data_science: "111111111111", shared_services: "333333333333",
  governance: "444444444444", test: "555555555555", prod: "666666666666"}
images: {a: b}
people: {p: {source_identity: p1, airflow_user: p2}}
"""


def make(text: str = TEXT) -> Topology:
    return parse(text, Topology, "t.yaml")


def test_local_topology_has_six_different_accounts() -> None:
    topology = load_topology()
    assert len({topology.account(role) for role in DEPLOYED_ROLES}) == 6


def test_several_roles_may_live_in_one_account() -> None:
    assert make().roles_of("111111111111") == (AccountRole.DATA, AccountRole.DATA_SCIENCE)
    assert make().roles_of("999999999999") == ()


def test_a_topology_takes_further_consumers_by_name() -> None:
    topology = make(TEXT.replace("prod:", 'consumer_risk: "777777777777", prod:'))
    risk = AccountRole("consumer_risk")
    assert (topology.consumers, topology.account(risk)) == ((risk,), "777777777777")
    assert topology.roles_of("777777777777") == (risk,) and topology.roles[-1] is risk
    assert risk.duties == DUTIES[AccountRole.CONSUMER]
    assert connection_id(risk, "reader") == "causeway_consumer_risk_reader"
    assert topology.guards_stack(risk) == "causeway-consumer-risk-guards"
    assert AccountRole("consumer_risk") is risk and copy.deepcopy(risk) is risk
    with pytest.raises(ConfigError, match="accounts has no consumer_other"):
        topology.account(AccountRole("consumer_other"))


def test_the_documented_consumer_is_one() -> None:
    page = (CONFIG_DIR.parents[1] / "docs" / "sharing.md").read_text()
    block = page.split("## Further consumers")[1].split("```yaml\n")[1].split("```")[0]
    (line,) = block.splitlines()[1:]
    topology = make(TEXT.replace("prod:", f"{line.strip()}, prod:"))
    assert topology.consumers == (AccountRole("consumer_risk"),)


@pytest.mark.parametrize("word", ["consumers", "consumer_", "consumer_A", "consumer-risk", 1])
def test_no_other_word_is_a_consumer(word: object) -> None:
    with pytest.raises(ValueError, match="is not a valid AccountRole"):
        AccountRole(word)


def test_a_consumer_has_an_account_of_its_own() -> None:
    with pytest.raises(ConfigError, match="consumer has the account of test; a consumer has its"):
        make(TEXT.replace("prod:", 'consumer: "555555555555", prod:'))


def test_management_defaults_to_governance() -> None:
    assert make().account(AccountRole.MANAGEMENT) == "444444444444"


def test_names_are_functions_of_the_role() -> None:
    topology = load_topology()
    role = AccountRole.DATA_SCIENCE
    assert topology.bucket(role) == "causeway-data-science-222222222222-eu-central-1"
    assert topology.key_alias(role) == "alias/causeway-data-science"
    assert topology.guards_stack(role) == "causeway-data-science-guards"
    assert topology.resources_stack(role) == "causeway-data-science"
    assert topology.role_arn(role, "trainer") == ("arn:aws:iam::222222222222:role/causeway-trainer")
    assert connection_id(AccountRole.SHARED_SERVICES, "registry-sync") == (
        "causeway_shared_services_registry_sync"
    )


def test_no_name_is_longer_than_its_service_allows() -> None:
    topology = load_topology()
    for role in topology.roles:
        assert len(topology.bucket(role)) <= 63
        for duty in role.duties:
            assert len(topology.role_arn(role, duty).rpartition("/")[2]) <= 64


def test_connections_are_those_that_airflow_acts_as() -> None:
    ids = {c.conn_id: c for c in connections(load_topology())}
    assert ids["causeway_prod_deployer"].role_arn == (
        "arn:aws:iam::666666666666:role/causeway-deployer"
    )
    strangers = ("execution", "approver", "bootstrap", "stack_service")
    assert not [name for name in ids if any(word in name for word in strangers)]


def test_one_person_is_found_by_either_log_in() -> None:
    topology = make()
    assert topology.person_of_source_identity("p1") == "p"
    assert topology.person_of_airflow_user("p2") == "p"
    assert topology.person_of_source_identity("p2") is None
    assert topology.person_of_source_identity(None) is None


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"111111111111"', '"11111111111"', "accounts: data: '11111111111' is no account id"),
        ('"111111111111"', "111111111111", "twelve digits in quotes"),
        ("data_science:", "data_sciences:", "data_sciences"),
        (', prod: "666666666666"', "", "no account id for prod"),
        ("region: eu-central-1", "region: Frankfurt", "region"),
        ("name: t", "name: t\nregions: x", "regions: unknown key; allowed keys: name, region"),
        (
            "{p: {source_identity: p1, airflow_user: p2}}",
            "{p: {source_identity: a1, airflow_user: b},"
            " q: {source_identity: a1, airflow_user: c}}",
            "two people share one source_identity",
        ),
    ],
)
def test_a_wrong_topology_is_refused_with_file_and_key(
    before: str, after: str, message: str
) -> None:
    assert before in TEXT
    with pytest.raises(ConfigError) as caught:
        make(TEXT.replace(before, after, 1))
    assert "t.yaml" in str(caught.value)
    assert message in str(caught.value)


def test_unknown_duty_and_image_name_what_there_is() -> None:
    topology = load_topology()
    with pytest.raises(ConfigError, match="ingester"):
        topology.role_arn(AccountRole.DATA, "deployer")
    with pytest.raises(ConfigError, match="workload-stack-keeper"):
        connection_id(AccountRole.PROD, "serving-execution")
    with pytest.raises(ConfigError, match="xgboost"):
        topology.image("none")


def test_a_topology_may_put_its_accounts_into_an_organisation(topology: Topology) -> None:
    assert not topology.organisation.enabled
    document = topology.model_dump(mode="json") | {
        "organisation": {"enabled": True, "sharing": True}
    }
    assert Topology.model_validate(document).organisation.sharing
