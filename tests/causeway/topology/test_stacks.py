"""Every account role has a template, and every parameter it asks for a value."""

from __future__ import annotations

import pytest

from causeway.errors import ConfigError
from causeway.topology.accounts import DEPLOYED_ROLES, AccountRole, load_topology
from causeway.topology.stacks import parameters, template_path


@pytest.mark.parametrize("role", DEPLOYED_ROLES)
def test_every_parameter_of_a_shipped_template_has_a_value(role: AccountRole) -> None:
    values = parameters(role, load_topology(), template_path(role).read_text())
    assert values
    assert all(len(value) == 12 for name, value in values.items() if name.endswith("AccountId"))


def test_test_and_production_share_a_template_and_differ_by_a_parameter() -> None:
    assert template_path(AccountRole.TEST) == template_path(AccountRole.PROD)
    template = template_path(AccountRole.PROD).read_text()
    assert parameters(AccountRole.PROD, load_topology(), template)["AccountRole"] == "prod"


def test_a_parameter_that_nobody_knows_is_refused_unless_it_has_a_default() -> None:
    topology = load_topology()
    with pytest.raises(ConfigError, match="asks for Colour"):
        parameters(AccountRole.DATA, topology, "Parameters: {Colour: {Type: String}}")
    assert (
        parameters(AccountRole.DATA, topology, "Parameters: {Colour: {Type: String, Default: red}}")
        == {}
    )
