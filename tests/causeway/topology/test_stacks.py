"""Every account role has a template, and every parameter it asks for a value."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from causeway.errors import ConfigError
from causeway.topology.account_roles import DEPLOYED_ROLES, STACK_SERVICES, AccountRole
from causeway.topology.accounts import load_topology
from causeway.topology.landing import LandingBucket
from causeway.topology.stacks import (
    INFRA_DIR,
    guards_path,
    image_repositories,
    parameters,
    resources_template,
)


@pytest.mark.parametrize("role", DEPLOYED_ROLES)
def test_every_parameter_of_a_shipped_template_has_a_value(role: AccountRole) -> None:
    values = parameters(role, load_topology(), guards_path(role).read_text())
    assert values
    assert all(len(value) == 12 for name, value in values.items() if name.endswith("AccountId"))


def test_test_and_production_share_a_template_and_differ_by_a_parameter() -> None:
    assert guards_path(AccountRole.TEST) == guards_path(AccountRole.PROD)
    template = guards_path(AccountRole.PROD).read_text()
    assert parameters(AccountRole.PROD, load_topology(), template)["AccountRole"] == "prod"


def test_a_parameter_that_nobody_knows_is_refused_unless_it_has_a_default() -> None:
    topology = load_topology()
    with pytest.raises(ConfigError, match="asks for Colour"):
        parameters(AccountRole.DATA, topology, "Parameters: {Colour: {Type: String}}")
    assert (
        parameters(AccountRole.DATA, topology, "Parameters: {Colour: {Type: String, Default: red}}")
        == {}
    )


def test_declared_landing_buckets_are_what_the_ingester_may_read() -> None:
    key = "arn:aws:kms:eu-central-1:777777777777:key/1"
    buckets = (LandingBucket(bucket="landing", prefix="loans/", kms_key=key),)
    buckets += (LandingBucket(bucket="other"),)
    topology = load_topology().model_copy(update={"landing": buckets})
    values = parameters(AccountRole.DATA, topology, guards_path(AccountRole.DATA).read_text())
    assert values["LandingObjects"] == "arn:aws:s3:::landing/loans/*,arn:aws:s3:::other/*"
    assert values["LandingKeys"] == key
    assert buckets[0].holds("s3://landing/loans/a.csv")
    assert not buckets[0].holds("s3://landing/else/a.csv")


def test_the_landing_bucket_of_the_documentation_is_one() -> None:
    page = (Path(__file__).parents[3] / "docs" / "ingestion.md").read_text()
    (block,) = re.findall(r"```yaml\n(landing:.*?)```", page, re.DOTALL)
    (place,) = yaml.safe_load(block)["landing"]
    assert LandingBucket.model_validate(place).holds("s3://loans-landing/deliveries/2026-01.csv")


def test_what_has_a_service_role_has_a_template_of_resources() -> None:
    names = {path.stem for path in (INFRA_DIR / "resources").glob("*.yaml")}
    assert names == {role.dashed for role in STACK_SERVICES}
    for role in STACK_SERVICES:
        assert parameters(role, load_topology(), resources_template(role))


def test_workloads_pull_from_the_repositories_of_the_topology_alone() -> None:
    """An image of somebody else could hold a model of its own, which no decision is about."""
    assert image_repositories(load_topology()) == (
        "arn:aws:ecr:eu-central-1:492215442770:repository/sagemaker-scikit-learn",
        "arn:aws:ecr:eu-central-1:492215442770:repository/sagemaker-xgboost",
    )
