"""The shipped templates as they are written: lint, least privilege, no account ids."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.deploying import (
    GUARDS,
    RESOURCES,
    ROLES,
    TEMPLATE_OF,
    TEMPLATES,
    WITH_RESOURCES,
    loaded,
)

# Services that have no resource type for the action, so that only `*` matches it.
ONLY_STAR = {
    "cloudtrail:LookupEvents",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ecr:GetAuthorizationToken",
    "lakeformation:ListPermissions",
    "ram:CreatePermission",
    "ram:CreateResourceShare",
    "ram:GetResourceShareAssociations",
    "ram:GetResourceShareInvitations",
    "ram:GetResourceShares",
    "ram:ListPermissionAssociations",
    "ram:ListPermissionVersions",
    "ram:ListPermissions",
    "ram:ListResources",
    "sagemaker:ListArtifacts",
    "sagemaker:ListEndpoints",
    "sagemaker:ListFeatureGroups",
    "sagemaker:ListLineageGroups",
    "sagemaker:ListModelCards",
    "sagemaker:ListModelPackageGroups",
    "sagemaker:ListResourceCatalogs",
    "sagemaker:Search",
}


NOTHING = {"Ref": "AWS::NoValue"}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def roles(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, item in loaded(path).resources.items():
        if item.type == "AWS::IAM::Role":
            yield name, item.properties


def statements(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Identity statements of the template's roles."""
    for name, properties in roles(path):
        for policy in map(chosen, properties["Policies"]):
            for statement in map(chosen, policy["PolicyDocument"]["Statement"]):
                yield f"{name}.{statement['Sid']}", statement


def chosen(item: dict[str, Any]) -> dict[str, Any]:
    """Return what a condition adds, or the item itself."""
    branches = item["Fn::If"][1:] if "Fn::If" in item else [item]
    return dict(next(branch for branch in branches if branch != NOTHING))


def test_every_account_role_has_a_template() -> None:
    assert {path.name for path in GUARDS.glob("*.yaml")} == set(TEMPLATE_OF.values())
    assert {path.name for path in RESOURCES.glob("*.yaml")} == {
        TEMPLATE_OF[role] for role in WITH_RESOURCES
    }


@pytest.mark.parametrize("role", WITH_RESOURCES)
def test_resources_hold_nothing_that_has_a_policy(role: str) -> None:
    types = {item.type for item in loaded(RESOURCES / TEMPLATE_OF[role]).resources.values()}
    assert types <= {"AWS::Athena::DataCatalog", "AWS::Athena::WorkGroup", "AWS::Events::Rule"}


def test_cfn_lint_has_nothing_to_say() -> None:
    lint = Path(sys.executable).parent / "cfn-lint"
    result = subprocess.run([str(lint), *map(str, TEMPLATES)], capture_output=True, text=True)
    assert result.stdout + result.stderr == ""
    assert result.returncode == 0


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_account_id_is_written_in(path: Path) -> None:
    assert not re.findall(r"\d{12}", path.read_text())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_roles_allow_named_actions_on_named_resources(path: Path) -> None:
    for where, statement in statements(path):
        assert statement["Effect"] == "Allow", where
        actions = as_list(statement["Action"])
        assert not [action for action in actions if "*" in action], where
        assert "NotAction" not in statement and "NotResource" not in statement, where
        if "*" in as_list(statement["Resource"]):
            assert set(actions) <= ONLY_STAR, where
        else:
            assert not set(actions) & ONLY_STAR, where


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_no_policy_allows_every_action(path: Path) -> None:
    assert not re.findall(r"""Action: ["']?\*|^ *- ["']?\*["']?$""", path.read_text(), re.M)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_every_resource_is_only_meant_where_a_comment_says_why(path: Path) -> None:
    """A key policy's `*` is the key itself, so only policies of roles count."""
    lines = path.read_text().splitlines()
    section = before_statement = ""
    for above, line in zip(["", *lines], lines, strict=False):
        if "Policy:" in line or "PolicyDocument:" in line:
            section = line.strip()
        if line.strip().startswith("- Sid:"):
            before_statement = above.strip()
        if line.strip() == 'Resource: "*"' and section != "KeyPolicy:":
            assert before_statement.startswith("#"), f"{line} without a comment in {section}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_role_is_only_passed_to_its_service(path: Path) -> None:
    for where, statement in statements(path):
        if "iam:PassRole" in as_list(statement["Action"]):
            assert statement["Action"] == "iam:PassRole", where
            service = "cloudformation" if "ToCloudFormation" in where else "sagemaker"
            assert statement["Condition"] == {
                "StringEquals": {"iam:PassedToService": f"{service}.amazonaws.com"}
            }, where
            passed = [item["Fn::GetAtt"] for item in as_list(statement["Resource"])]
            services = [name == ["StackService", "Arn"] for name in passed]
            assert all(services) if service == "cloudformation" else not any(services), where


#: What would let a template of resources change a guard.
GUARD_ACTIONS = re.compile(r"iam:|.*:(Put|Set|Delete|Add|Remove)\w*(Policy|Permission)")


@pytest.mark.parametrize("role", WITH_RESOURCES)
def test_what_cloudformation_acts_as_can_change_no_guard(role: str) -> None:
    service = dict(roles(GUARDS / TEMPLATE_OF[role]))["StackService"]
    actions = {
        action
        for policy in service["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
    }
    assert actions
    assert not [action for action in actions if GUARD_ACTIONS.match(action)]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_trust_is_never_unconditional(path: Path) -> None:
    for name, properties in roles(path):
        for statement in properties["AssumeRolePolicyDocument"]["Statement"]:
            if name == "Airflow":  # whom the operator names, or this account
                continue
            principal = statement["Principal"]
            assert statement.get("Condition"), name
            if "Service" in principal:
                assert statement["Condition"] == {
                    "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
                }, name


def test_an_approver_trusts_nobody_by_itself_and_no_duty_becomes_one() -> None:
    for name in ("TestApprover", "ProductionApprover"):
        trust = dict(roles(GUARDS / "shared-services.yaml"))[name]["AssumeRolePolicyDocument"]
        (deny,) = trust["Statement"]  # the people's statements are generated
        assert deny["Effect"] == "Deny"
    assert "-approver" not in (GUARDS / "governance.yaml").read_text()


def test_airflow_may_take_on_every_duty_and_nothing_else() -> None:
    (statement,) = [item for _, item in statements(GUARDS / "governance.yaml")][:1]
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]
    named = {str(item["Fn::Sub"]).rsplit("/", 1)[1] for item in statement["Resource"]}
    people_and_services = {
        "causeway-test-approver",
        "causeway-production-approver",
        "causeway-airflow",
        "causeway-event-forwarder",
        "causeway-governance-stack-service",
        "causeway-science-stack-service",
    }
    by_parameter = ROLES["consumer"] - ROLES["prod"] - ROLES["data_science"]
    execution = {name for names in ROLES.values() for name in names if name.endswith("execution")}
    assert named == set().union(*ROLES.values()) - people_and_services - execution - by_parameter


@pytest.mark.parametrize("path", sorted(GUARDS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_duty_takes_the_session_tags_that_airflow_passes_on(path: Path) -> None:
    """Those of an EKS Pod Identity are transitive, and its trust demands them."""
    for name, properties in roles(path):
        for statement in properties["AssumeRolePolicyDocument"]["Statement"]:
            if statement.get("Sid") == "AirflowTakesOnTheDuty":
                assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"], name
