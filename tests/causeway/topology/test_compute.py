"""An account's network and keys: what may be declared, and what SageMaker is told of it."""

from __future__ import annotations

import pytest

from causeway.documents import parse
from causeway.errors import ConfigError
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology, load_topology
from causeway.topology.compute import Compute

NETWORK = "{subnets: [subnet-0123456789abcdef0], security_groups: [sg-01234567], isolation: true}"


def test_without_a_declaration_nothing_is_asked_of_sagemaker() -> None:
    compute = load_topology().compute_of(AccountRole.DATA_SCIENCE)
    assert (compute.network, compute.volume) == ({}, {})


def test_each_account_role_has_its_own() -> None:
    compute = parse(NETWORK, Compute, "compute.yaml")
    topology = load_topology().model_copy(update={"compute": {"prod": compute}})
    assert topology.compute_of(AccountRole.PROD).network == {
        "VpcConfig": {
            "Subnets": ["subnet-0123456789abcdef0"],
            "SecurityGroupIds": ["sg-01234567"],
        },
        "EnableNetworkIsolation": True,
    }
    assert topology.compute_of(AccountRole.TEST) == Compute()


@pytest.mark.parametrize(
    ("compute", "words"),
    [
        ("prod: {subnets: [subnet-01234567]}", "subnets and security_groups go together"),
        ("prod: {subnets: [vpc-01234567], security_groups: [sg-01234567]}", "subnet-"),
        ("prod: {volume_key: alias/mine}", "kms"),
        ("governance: {isolation: true}", "governance"),
        ("prod: {vpc: x}", "allowed keys: subnets, security_groups, isolation, volume_key"),
    ],
)
def test_what_cannot_be_is_refused_with_the_key(compute: str, words: str) -> None:
    with pytest.raises(ConfigError, match="compute") as error:
        parse(f"name: x\ncompute: {{{compute}}}", Topology, "topology.yaml")
    assert words in str(error.value)
