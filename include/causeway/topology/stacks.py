"""The two CloudFormation stacks of an account role: their templates and parameters.

*Guards* are roles with their trust, and whatever has a policy of its own (buckets, keys, queues,
the bus, the topic, the trail) together with that policy, and the stage table. Only administrators
deploy them, through `causeway_deploy`. *Resources* are what Airflow may update by itself; not every
account role has some.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

import yaml

from causeway.documents import YAML_1_1
from causeway.errors import ConfigError
from causeway.topology import airflow_trust
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.people import trust_statements

INFRA_DIR: Final = Path(__file__).resolve().parents[2] / "infra"
#: Test and production are the same kind of account, so they share a template.
_TEMPLATES: Final = {AccountRole.TEST: "workload.yaml", AccountRole.PROD: "workload.yaml"}


_MARK: Final = re.compile(
    r"^(?P<indent> *)# causeway: (?P<what>(?:test|production) people|airflow)\n", re.M
)


class _TemplateLoader(YAML_1_1):  # type: ignore[misc]  # libyaml's loader where it is built in
    """Reads a template without evaluating CloudFormation's short functions (`!Sub`, `!Ref`)."""


_TemplateLoader.add_multi_constructor("!", lambda loader, suffix, node: None)


def guards_path(role: AccountRole) -> Path:
    """Return the file of the guards' template, as it is before people and Airflow are filled in."""
    return INFRA_DIR / "guards" / _TEMPLATES.get(role, f"{role.kind.dashed}.yaml")


def guards_template(role: AccountRole, topology: Topology) -> str:
    """Return the template of the guards with the trust that the topology asks for.

    A comment `# causeway: test people`, `# causeway: production people` or `# causeway: airflow` in
    a list of statements stands for those that are generated. Without them a template is complete
    too, and trusts nobody there.

    Raises:
        ConfigError: there are more people than a trust policy can hold.
    """
    door = topology.airflow.door
    generated = {
        "test people": trust_statements(topology.people, "test", door),
        "production people": trust_statements(topology.people, "production", door),
        "airflow": airflow_trust.trust_statements(
            topology.airflow, partition=topology.partition, account=topology.account(role)
        ),
    }

    def written(match: re.Match[str]) -> str:
        statements = generated[match["what"]]
        return "".join(f"{match['indent']}- {json.dumps(item)}\n" for item in statements)

    return _MARK.sub(written, guards_path(role).read_text(encoding="utf-8"))


def resources_template(role: AccountRole) -> str:
    """Return the template of the resources of an account role that has some (`STACK_SERVICES`)."""
    path = INFRA_DIR / "resources" / f"{role.dashed}.yaml"
    return path.read_text(encoding="utf-8")


def parameters(role: AccountRole, topology: Topology, template: str) -> dict[str, str]:
    """Return a value for each parameter of the template that the topology decides.

    `<Role>AccountId` is that role's account, `AccountRole` the role itself, `ManagedMlflowServer`
    the name of the managed MLflow server, empty without one, `KeepsModelCards` whether the account
    keeps model cards of its own, `LandingObjects` and `LandingKeys` the raw files in buckets of
    others, `TopologyAccounts` all accounts, `ConsumerDuties` the duties of consumers,
    `OutsideConsumers` whether others may be let in.
    `TrustedAirflowRoleArn` is empty unless the topology names one, so that one named before is not
    trusted any longer. `ImageRepositories` hold the topology's images. `Subnets` and `VolumeKeys`
    are of the account's `compute`, `JobRetentionDays`, `QueryRetentionDays` and `ScanLimitBytes`
    hold for queries and jobs everywhere, `AuditLockDays` and `AuditLockMode` for the audit's heads.

    Raises:
        ConfigError: the template asks for something else.
    """
    roles = (*topology.roles, AccountRole.MANAGEMENT)
    values = {f"{_camel(other)}AccountId": topology.account(other) for other in roles}
    compute = topology.compute_of(role)
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
        "ImageRepositories": ",".join(image_repositories(topology)),
        "Subnets": ",".join(compute.subnets),
        "VolumeKeys": compute.volume_key or "",
        "JobRetentionDays": str(topology.retention.jobs_days),
        "QueryRetentionDays": str(topology.retention.queries_days),
        "AuditLockDays": str(topology.retention.audit_days),
        "AuditLockMode": topology.retention.audit_mode.upper(),
        "ScanLimitBytes": str(round(topology.query_scan_limit_gb * 10**9)),
        "KeepsModelCards": _flag(role.value in topology.model_cards.spokes),
        "ConsumerDuties": ",".join(
            topology.role_arn(role, duty) for role in topology.consumers for duty in role.duties
        ),
        "OutsideConsumers": _flag(topology.outside_consumers),
        "TopologyAccounts": ",".join(sorted(set(topology.accounts.values()))),
        "TrustsAirflowOtherwise": _flag(
            bool(topology.airflow.model_dump(exclude={"role_arn", "door"}, exclude_defaults=True))
        ),
        "TrustedAirflowRoleArn": topology.airflow.role_arn or "",
    }
    declared = declared_parameters(template)
    unknown = [
        name for name, body in declared.items() if name not in all_values and "Default" not in body
    ]
    if unknown:
        raise ConfigError(
            f"the template of account role {role.value} asks for {', '.join(sorted(unknown))}",
            next_step=f"Known parameters: {', '.join(sorted(all_values))}; give others a default.",
        )
    return {name: all_values[name] for name in declared if name in all_values}


def image_repositories(topology: Topology) -> tuple[str, ...]:
    """Return the ARNs of the repositories that hold the topology's images.

    An image's URI is `<account>.dkr.ecr.<region>.<suffix>/<repository>:<tag>` (Amazon ECR User
    Guide, "Pulling an image"); others have no ARN.
    """
    pattern = re.compile(r"(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[a-z.]+/([^:@]+)")
    repositories = {
        match.groups() for uri in topology.images.values() if (match := pattern.match(uri))
    }
    return tuple(
        f"arn:{topology.partition}:ecr:{region}:{account}:repository/{name}"
        for account, region, name in sorted(repositories)
    )


def declared_parameters(template: str) -> dict[str, dict[str, Any]]:
    """Return what a template says of each of its parameters."""
    content = yaml.load(template, Loader=_TemplateLoader) or {}  # noqa: S506 - a safe loader that ignores tags
    return dict(content.get("Parameters") or {})


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _camel(role: AccountRole) -> str:
    return "".join(part.capitalize() for part in role.value.split("_"))
