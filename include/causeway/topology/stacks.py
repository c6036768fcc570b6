"""The CloudFormation stack of each account role: its template and the parameters it declares."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import yaml

from causeway.documents import LOADER
from causeway.errors import ConfigError
from causeway.topology.accounts import AccountRole, Topology

INFRA_DIR: Final = Path(__file__).resolve().parents[2] / "infra"
#: Test and production are the same kind of account, so they share a template.
_TEMPLATES: Final = {AccountRole.TEST: "workload.yaml", AccountRole.PROD: "workload.yaml"}


class _TemplateLoader(LOADER):  # type: ignore[misc]  # libyaml's loader where it is built in
    """Reads a template without evaluating CloudFormation's short functions (`!Sub`, `!Ref`)."""


_TemplateLoader.add_multi_constructor("!", lambda loader, suffix, node: None)


def template_path(role: AccountRole, folder: Path | None = None) -> Path:
    """Return the template of an account role."""
    return (folder or INFRA_DIR) / _TEMPLATES.get(role, f"{role.dashed}.yaml")


def parameters(role: AccountRole, topology: Topology, template: str) -> dict[str, str]:
    """Return a value for each parameter that the template declares without a default.

    `<Role>AccountId` is that role's account, `AccountRole` the role itself, `ManagedMlflowServer`
    the name of the managed MLflow server, empty without one, `KeepsModelCards` whether the account
    keeps model cards of its own, `LandingObjects` and `LandingKeys` the raw files in buckets of
    others.

    Raises:
        ConfigError: the template asks for something else.
    """
    values = {f"{_camel(other)}AccountId": topology.account(other) for other in AccountRole}
    managed = topology.mlflow.managed if topology.mlflow else ""
    all_values: dict[str, str] = {
        **values,
        "AccountRole": role.value,
        "ManagedMlflowServer": managed,
        "LandingObjects": ",".join(
            f"arn:{topology.partition}:s3:::{place.bucket}/{place.prefix}*"
            for place in topology.landing
        ),
        "LandingKeys": ",".join(
            sorted({place.kms_key for place in topology.landing if place.kms_key})
        ),
        "KeepsModelCards": "true" if role.value in topology.model_cards.spokes else "false",
    }
    declared = (yaml.load(template, Loader=_TemplateLoader) or {}).get("Parameters") or {}  # noqa: S506 - a safe loader that ignores tags
    unknown = [
        name for name, body in declared.items() if name not in all_values and "Default" not in body
    ]
    if unknown:
        raise ConfigError(
            f"the template of account role {role.value} asks for {', '.join(sorted(unknown))}",
            next_step=f"Known parameters: {', '.join(sorted(all_values))}; give others a default.",
        )
    return {name: all_values[name] for name in declared if name in all_values}


def _camel(role: AccountRole) -> str:
    return "".join(part.capitalize() for part in role.value.split("_"))
