"""Where the templates are, what they must hold, and how a test deploys one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from localaws.cloudformation.template import Template, load
from tests.localaws.conftest import Aws

INFRA = Path(__file__).parents[2] / "include" / "infra"
GUARDS = INFRA / "guards"
TEMPLATES = sorted(INFRA.glob("*/*.yaml"))
TEMPLATE_OF = {
    "data": "data.yaml",
    "data_science": "data-science.yaml",
    "shared_services": "shared-services.yaml",
    "governance": "governance.yaml",
    "consumer": "consumer.yaml",
    "test": "workload.yaml",
    "prod": "workload.yaml",
}
RESOURCES = INFRA / "resources"
#: The account roles that have resources beside their guards.
WITH_RESOURCES = ("data_science", "governance")
ROLES = {
    "data": {
        "causeway-ingester",
        "causeway-eraser",
        "causeway-data-sharer",
        "causeway-data-auditor",
        "causeway-data-stack-keeper",
        "causeway-feature-execution",
    },
    "data_science": {
        "causeway-trainer",
        "causeway-registrar",
        "causeway-acceptor",
        "causeway-explorer",
        "causeway-science-auditor",
        "causeway-science-stack-keeper",
        "causeway-science-stack-service",
        "causeway-training-execution",
    },
    "shared_services": {
        "causeway-registry-owner",
        "causeway-registry-sync",
        "causeway-registry-auditor",
        "causeway-registry-stack-keeper",
        "causeway-releaser",
        "causeway-test-approver",
        "causeway-production-approver",
        "causeway-event-forwarder",
    },
    "governance": {
        "causeway-airflow",
        "causeway-recorder",
        "causeway-decider",
        "causeway-table-reader",
        "causeway-audit-keeper",
        "causeway-lineage-keeper",
        "causeway-event-reader",
        "causeway-alerter",
        "causeway-governance-stack-keeper",
        "causeway-governance-stack-service",
    },
    "test": {
        "causeway-deployer",
        "causeway-acceptor",
        "causeway-reader",
        "causeway-workload-auditor",
        "causeway-workload-stack-keeper",
        "causeway-serving-execution",
    },
    "consumer": {
        "causeway-acceptor",
        "causeway-explorer",
        "causeway-reader",
        "causeway-consumer-auditor",
        "causeway-consumer-stack-keeper",
    },
    "prod": {
        "causeway-deployer",
        "causeway-acceptor",
        "causeway-reader",
        "causeway-workload-auditor",
        "causeway-workload-stack-keeper",
        "causeway-serving-execution",
    },
}


def loaded(path: Path) -> Template:
    return load(path.read_text())


def parameters(role: str, accounts: dict[str, str], folder: Path = GUARDS) -> list[dict[str, str]]:
    known = {
        **{
            f"{''.join(part.title() for part in name.split('_'))}AccountId": number
            for name, number in accounts.items()
        },
        "AccountRole": role,
        "TrustedAirflowRoleArn": "",
        "TrustsAirflowOtherwise": "false",
        "ManagedMlflowServer": "",
        "KeepsModelCards": "false",
        "LandingObjects": "",
        "LandingKeys": "",
        "Subnets": "",
        "VolumeKeys": "",
        "ImageRepositories": "arn:aws:ecr:eu-central-1:492215442770:repository/sagemaker-xgboost",
        "JobRetentionDays": "365",
        "QueryRetentionDays": "7",
        "ScanLimitBytes": "20000000",
        "AuditLockDays": "3650",
        "AuditLockMode": "GOVERNANCE",
        "OutsideConsumers": "false",
        "ConsumerDuties": "",
        "TopologyAccounts": ",".join(sorted(set(accounts.values()))),
    }
    declared = loaded(folder / TEMPLATE_OF[role]).parameters
    return [{"ParameterKey": name, "ParameterValue": known[name]} for name in declared]


def deploy(
    aws: Aws, role: str, accounts: dict[str, str], folder: Path = GUARDS, **changes: Any
) -> dict[str, Any]:
    cloudformation = aws.client("cloudformation", accounts[role])
    request = {
        "StackName": f"causeway-{role.replace('_', '-')}-{folder.name}",
        "TemplateBody": (folder / TEMPLATE_OF[role]).read_text(),
        "Parameters": parameters(role, accounts, folder),
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        **changes,
    }
    name = request["StackName"]
    try:
        cloudformation.create_stack(**request)
        waiter = cloudformation.get_waiter("stack_create_complete")
    except cloudformation.exceptions.AlreadyExistsException:
        cloudformation.update_stack(**request)
        waiter = cloudformation.get_waiter("stack_update_complete")
    try:
        waiter.wait(StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
    except WaiterError as error:
        pytest.fail(str(error.last_response["Stacks"][0]))
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return dict(stack)
