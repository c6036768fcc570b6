"""The command line: `python -m causeway_deploy check|render|bootstrap|connections|doctor`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from causeway.errors import CausewayError
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology, load_topology
from causeway.use_cases.files import load_use_cases
from causeway_deploy.bootstrapping import bootstrap
from causeway_deploy.checking import check
from causeway_deploy.clients import administrators, refuse_local_on_aws, refuse_profiles
from causeway_deploy.connecting import FORMATS
from causeway_deploy.diagnosing import Doctor
from causeway_deploy.rendering import commands, render, stack_set_commands

PROFILES = "{role}-admin"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; exit code 1 with the reason when something is wrong or missing."""
    options = _parser().parse_args(arguments)
    run = {
        "check": _check,
        "render": _render,
        "bootstrap": _bootstrap,
        "connections": _connections,
        "doctor": _doctor,
    }[options.command]
    try:
        return run(load_topology(options.topology), options)
    except (CausewayError, ClientError, BotoCoreError, OSError) as error:
        _say(f"failed: {error}", error=True)
        return 1


def _check(topology: Topology, options: argparse.Namespace) -> int:
    cases = load_use_cases(options.use_cases)
    for note in check(topology, cases, options.use_cases):
        _say(f"note: {note}")
    _say(f"ok: topology {topology.name}; use cases {', '.join(case.id for case in cases)}")
    return 0


def _render(topology: Topology, options: argparse.Namespace) -> int:
    for path in render(topology, options.out):
        _say(str(path))
    return 0


def _bootstrap(topology: Topology, options: argparse.Namespace) -> int:
    printed = options.print != "none"
    roles = topology.roles if printed else options.only or topology.roles
    refuse_profiles(topology, roles, options.profiles)
    if not printed:
        refuse_local_on_aws(topology)
        cases = load_use_cases(options.use_cases)
        bootstrap(topology, administrators(topology, options.profiles), _say, roles, cases)
        return 0
    render(topology, options.out)
    lines = (
        commands(topology, options.out, options.profiles)
        if options.print == "commands"
        else stack_set_commands(topology, options.out, options.units)
    )
    for line in lines:
        _say(line)
    return 0


def _connections(topology: Topology, options: argparse.Namespace) -> int:
    _say(FORMATS[options.format](topology, options.airflow_profile))
    return 0


def _doctor(topology: Topology, options: argparse.Namespace) -> int:
    refuse_local_on_aws(topology)
    session = boto3.Session(profile_name=options.airflow_profile)
    findings = Doctor(topology, session, options.only or ()).examine()
    for finding in findings:
        _say(str(finding))
    missing = sum(finding.problem is not None for finding in findings)
    _say(f"{len(findings) - missing} ok, {missing} missing")
    return 1 if missing else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="causeway_deploy", description=__doc__)
    variable = os.environ.get("CAUSEWAY_TOPOLOGY")
    parser.add_argument(
        "--topology",
        type=Path,
        default=Path(variable) if variable else None,
        help="the topology file (default: what CAUSEWAY_TOPOLOGY names, else the local one)",
    )
    commands_ = parser.add_subparsers(dest="command", required=True)
    checking = commands_.add_parser("check", help="read topology and use cases")
    folder = os.environ.get("CAUSEWAY_USE_CASES")
    rendering = commands_.add_parser("render", help="write templates and parameters")
    deploying = commands_.add_parser("bootstrap", help="deploy both stacks of every account")
    for command in (checking, deploying):
        command.add_argument("--use-cases", type=Path, default=Path(folder) if folder else None)
    for command in (rendering, deploying):
        command.add_argument("--out", type=Path, default=Path("rendered"), help="where files go")
    deploying.add_argument(
        "--profiles", default=PROFILES, help=f"the administrators' profiles (default: {PROFILES})"
    )
    deploying.add_argument(
        "--print",
        choices=("none", "commands", "stack-sets"),
        default="none",
        help="print commands of the AWS CLI instead of deploying",
    )
    deploying.add_argument("--units", default="", help="organisational units, for stack sets")
    connecting = commands_.add_parser("connections", help="list Airflow's connections")
    connecting.add_argument("--format", choices=tuple(FORMATS), default="env")
    diagnosing = commands_.add_parser("doctor", help="reach every account as every duty")
    for command in (connecting, diagnosing):
        command.add_argument(
            "--airflow-profile", help="the profile that takes on causeway-airflow (default: none)"
        )
    for command in (deploying, diagnosing):
        command.add_argument(
            "--only", nargs="+", type=AccountRole, help="these account roles alone", metavar="ROLE"
        )
    return parser


def _say(line: str, *, error: bool = False) -> None:
    print(line, file=sys.stderr if error else sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
