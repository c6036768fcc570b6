"""How the guards that stand in an account differ from those that the topology asks for.

Airflow compares them and changes nothing: only administrators deploy guards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from causeway.digests import canonical_json
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.people import Decided, trust_statements
from causeway.topology.stacks import guards_template, parameters


@dataclass(frozen=True)
class DeployedGuards:
    """A stack of guards as CloudFormation has it, and the trust of its approver roles by stage."""

    template: str
    parameters: Mapping[str, str]
    approver_trust: Mapping[Decided, Mapping[str, Any]] = field(default_factory=dict)


def differences(
    role: AccountRole, topology: Topology, deployed: DeployedGuards | None
) -> tuple[str, ...]:
    """Return what differs, in words; nothing when the guards are as declared."""
    if deployed is None:
        return (f"the stack {topology.guards_stack(role)} does not exist",)
    declared = guards_template(role, topology)
    lines = []
    if declared.strip() != deployed.template.strip():
        lines.append("the template differs from the one that the topology and the project give")
    values = parameters(role, topology, declared)
    for name, value in sorted(values.items()):
        current = deployed.parameters.get(name)
        if current != value:
            lines.append(f"parameter {name} is {current!r}, declared is {value!r}")
    for name in sorted(set(deployed.parameters) - set(values)):
        lines.append(f"parameter {name} is {deployed.parameters[name]!r}, nobody declares it")
    for stage, trust in deployed.approver_trust.items():
        lines += _trust_differences(topology, stage, trust)
    return tuple(lines)


def _trust_differences(topology: Topology, stage: Decided, trust: Mapping[str, Any]) -> list[str]:
    """Compare whom an approver role lets in with the people of the topology."""
    role = f"the approver role of {stage}"
    allowed = [s for s in trust.get("Statement", ()) if s.get("Effect") == "Allow"]
    declared = _by_sid(trust_statements(topology.people, stage, topology.airflow.door))
    current = _by_sid(allowed)
    lines = [
        f"{role} trusts {sid}, whom the topology does not name"
        for sid in sorted(set(current) - set(declared))
    ]
    lines += [f"{role} does not trust {sid}" for sid in sorted(set(declared) - set(current))]
    lines += [
        f"{role}: statement {sid} differs from the topology's"
        for sid in sorted(set(declared) & set(current))
        if declared[sid] != current[sid]
    ]
    return lines


def _by_sid(statements: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return statements in one form by their Sid; IAM gives lists of one as plain values."""
    return {
        str(statement.get("Sid", "a statement without Sid")): canonical_json(_plain(statement))
        for statement in statements
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return value[0] if len(value) == 1 else sorted(value)
    return value
