"""Templates and parameters as files, and the commands that deploy them without this program."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import get_args

from causeway.errors import ConfigError
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.people import Decided, trust_statements
from causeway_deploy.bootstrapping import guards_request, resources_request
from causeway_deploy.stacks import StackRequest


def render(topology: Topology, folder: Path) -> list[Path]:
    """Write what is deployed, and return the files.

    `<account role>/guards.yaml` and `resources.yaml`, each beside its `….parameters.json`, and
    `people.json`: whom the approver role of each stage trusts.
    """
    files: list[Path] = []
    for role in topology.roles:
        for kind, request in _requests(role, topology):
            path = folder / role.value / f"{kind}.yaml"
            files.append(_write(path, request.template))
            values = [
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in sorted(request.parameters.items())
            ]
            files.append(_write(path.with_suffix(".parameters.json"), json.dumps(values, indent=2)))
    door = topology.airflow.door
    people = {stage: trust_statements(topology.people, stage, door) for stage in get_args(Decided)}
    return [*files, _write(folder / "people.json", json.dumps(people, indent=2))]


def commands(topology: Topology, folder: Path, pattern: str) -> list[str]:
    """Return the AWS CLI commands that deploy the rendered files, in their order."""
    lines: list[str] = []
    for role in topology.roles:
        for kind, request in _requests(role, topology):
            path = folder / role.value / kind
            words = [
                *("aws", "cloudformation", "deploy", "--stack-name", request.name),
                *("--template-file", f"{path}.yaml"),
                # A file of parameters is read by version 2 of the CLI only.
                *("--parameter-overrides", *_overrides(request)),
                *("--capabilities", "CAPABILITY_NAMED_IAM", "--no-fail-on-empty-changeset"),
                *(("--role-arn", request.role_arn) if request.role_arn else ()),
                *("--profile", pattern.format(role=role.value), "--region", topology.region),
            ]
            lines.append(shlex.join(words))
    return lines


def stack_set_commands(topology: Topology, folder: Path, units: str) -> list[str]:
    """Return the commands that deploy the guards as stack sets, from the management account.

    `units` are the organisational units of the accounts. A stack set that is there is updated with
    its instances instead of made. The resources' stacks are made afterwards, each in its account:
    by the commands of `commands` that deploy resources.

    Raises:
        ConfigError: no units are named.
    """
    if not units:
        raise ConfigError(
            "stack sets are deployed to organisational units, and none is named",
            next_step="Name those of the accounts: --units ou-a1b2-c3d4e5f6,…",
        )
    lines: list[str] = []
    for role in topology.roles:
        request, path = guards_request(role, topology), folder / role.value / "guards"
        targets = (
            f"OrganizationalUnitIds={units},Accounts={topology.account(role)},"
            "AccountFilterType=INTERSECTION"
        )
        content = [
            *("--stack-set-name", request.name),
            *("--template-body", f"file://{path}.yaml"),
            *("--parameters", f"file://{path}.parameters.json"),
            *("--capabilities", "CAPABILITY_NAMED_IAM", "--permission-model", "SERVICE_MANAGED"),
            *("--auto-deployment", "Enabled=false", "--region", topology.region),
        ]
        look = ("describe-stack-set", "--stack-set-name", request.name)
        deploy = [
            *("create-stack-instances", "--stack-set-name", request.name),
            *("--deployment-targets", targets),
            *("--regions", topology.region, "--region", topology.region),
        ]
        aws = ("aws", "cloudformation")
        lines += [
            f"if {shlex.join([*aws, *look, '--region', topology.region])} > /dev/null; then",
            f"  {shlex.join([*aws, 'update-stack-set', *content])}",
            "else",
            f"  {shlex.join([*aws, 'create-stack-set', *content])}",
            f"  {shlex.join([*aws, *deploy])}",
            "fi",
        ]
    return lines


def _requests(role: AccountRole, topology: Topology) -> list[tuple[str, StackRequest]]:
    resources = resources_request(role, topology)
    guards = ("guards", guards_request(role, topology))
    return [guards] if resources is None else [guards, ("resources", resources)]


def _overrides(request: StackRequest) -> list[str]:
    return [f"{key}={value}" for key, value in sorted(request.parameters.items())]


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if text.endswith("\n") else f"{text}\n", encoding="utf-8")
    return path
