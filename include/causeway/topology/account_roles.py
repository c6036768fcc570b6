"""The roles of accounts, and the duties in each: IAM roles named `causeway-<duty>`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

#: The roles of consumers beside `consumer`.
_CONSUMER: Final = re.compile(r"consumer(_[a-z0-9]{1,20}){1,2}")


class AccountRole(StrEnum):
    """What an account is for; several roles may live in one account."""

    DATA = "data"
    DATA_SCIENCE = "data_science"
    SHARED_SERVICES = "shared_services"
    GOVERNANCE = "governance"
    TEST = "test"
    PROD = "prod"
    CONSUMER = "consumer"
    MANAGEMENT = "management"

    @classmethod
    def _missing_(cls, value: object) -> AccountRole | None:
        """Return the role of a further consumer, `consumer_<name>`: a topology may have several."""
        if not isinstance(value, str) or not _CONSUMER.fullmatch(value):
            return None
        role = str.__new__(cls, value)
        role._name_, role._value_ = value.upper(), value
        return cls._value2member_map_.setdefault(value, role)  # type: ignore[return-value]

    @property
    def kind(self) -> AccountRole:
        """What duties and templates go by: the role itself, `consumer` for each consumer."""
        return AccountRole.CONSUMER if self.startswith(AccountRole.CONSUMER) else self

    @property
    def duties(self) -> tuple[str, ...]:
        """The least-privilege IAM roles of its account."""
        return DUTIES[self.kind]

    @property
    def dashed(self) -> str:
        """The role as it stands in names of AWS resources."""
        return self.value.replace("_", "-")


#: The roles that every topology has; `Topology.roles` has its consumers, too.
DEPLOYED_ROLES: Final = tuple(
    role for role in AccountRole if role not in (AccountRole.CONSUMER, AccountRole.MANAGEMENT)
)

_WORKLOAD: Final = (
    "deployer",
    "acceptor",
    "reader",
    "workload-auditor",
    "workload-stack-keeper",
    "serving-execution",
)

#: The least-privilege IAM roles of each account role; the IAM role's name is `causeway-<duty>`.
DUTIES: Final[Mapping[AccountRole, tuple[str, ...]]] = MappingProxyType(
    {
        AccountRole.DATA: (
            "ingester",
            "eraser",
            "data-sharer",
            "data-auditor",
            "data-stack-keeper",
            "feature-execution",
        ),
        AccountRole.DATA_SCIENCE: (
            "trainer",
            "registrar",
            "acceptor",
            "explorer",
            "training-execution",
            "pipeline-execution",
            "tracking-execution",
            "science-auditor",
            "science-stack-keeper",
            "science-stack-service",
        ),
        AccountRole.SHARED_SERVICES: (
            "registry-owner",
            "registry-sync",
            "registry-auditor",
            "registry-stack-keeper",
            "releaser",
            "test-approver",
            "production-approver",
        ),
        AccountRole.GOVERNANCE: (
            "airflow",
            "recorder",
            "decider",
            "table-reader",
            "audit-keeper",
            "lineage-keeper",
            "event-reader",
            "alerter",
            "governance-stack-keeper",
            "governance-stack-service",
        ),
        AccountRole.TEST: _WORKLOAD,
        AccountRole.PROD: _WORKLOAD,
        AccountRole.CONSUMER: (
            "acceptor",
            "explorer",
            "reader",
            "consumer-auditor",
            "consumer-stack-keeper",
        ),
    }
)


#: The duty of each account role that sees who may do what there, and changes nothing.
AUDITORS: Final[Mapping[AccountRole, str]] = MappingProxyType(
    {
        AccountRole.DATA: "data-auditor",
        AccountRole.DATA_SCIENCE: "science-auditor",
        AccountRole.SHARED_SERVICES: "registry-auditor",
        AccountRole.TEST: "workload-auditor",
        AccountRole.PROD: "workload-auditor",
        AccountRole.CONSUMER: "consumer-auditor",
    }
)

#: The duty of each account role that compares its guards and updates its resources.
STACK_KEEPERS: Final[Mapping[AccountRole, str]] = MappingProxyType(
    {
        AccountRole.DATA: "data-stack-keeper",
        AccountRole.DATA_SCIENCE: "science-stack-keeper",
        AccountRole.SHARED_SERVICES: "registry-stack-keeper",
        AccountRole.GOVERNANCE: "governance-stack-keeper",
        AccountRole.TEST: "workload-stack-keeper",
        AccountRole.PROD: "workload-stack-keeper",
        AccountRole.CONSUMER: "consumer-stack-keeper",
    }
)

#: What CloudFormation acts as in the account roles whose resources Airflow updates.
STACK_SERVICES: Final[Mapping[AccountRole, str]] = MappingProxyType(
    {
        AccountRole.DATA_SCIENCE: "science-stack-service",
        AccountRole.GOVERNANCE: "governance-stack-service",
    }
)

#: The account roles that may own what is shared, and the duty that shares it.
SHARERS: Final[Mapping[AccountRole, str]] = MappingProxyType(
    {AccountRole.DATA: "data-sharer", AccountRole.SHARED_SERVICES: "registry-owner"}
)

#: The account roles that read shared features online only, at inference.
ONLINE_READERS: Final = (AccountRole.TEST, AccountRole.PROD)

#: The account roles from whose accounts people may sign in.
GOVERNING: Final = (AccountRole.GOVERNANCE, AccountRole.SHARED_SERVICES)
