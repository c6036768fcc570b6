"""The topology: which account each role has, and what is said of all of them.

A topology file says where a role lives; the same code then addresses the local accounts and
the real ones. Names of buckets, keys, stacks and IAM roles are functions of the account role,
stated here and nowhere else.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal, NewType

from pydantic import Field, StringConstraints, field_validator, model_validator

from causeway.documents import CONFIG_DIR, Strict, load
from causeway.errors import ConfigError
from causeway.topology.access_rules import AccessRule
from causeway.topology.account_roles import DEPLOYED_ROLES, GOVERNING, AccountRole
from causeway.topology.airflow_trust import AirflowTrust
from causeway.topology.compute import Compute, RunningRole
from causeway.topology.landing import LandingBucket
from causeway.topology.people import Person, check_people
from causeway.topology.retention import Retention

AccountId = NewType("AccountId", str)
"""Twelve digits; checked where it enters (`Topology`, `causeway.topology.arns`)."""


#: The least that CloudTrail may be waited for on AWS: its average, in minutes ("How quickly are
#: events delivered", CloudTrail FAQs).
TRAIL_DELAY_MINUTES: Final = 5.0

_Id = Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")]


class Organisation(Strict):
    """Whether the accounts are in one AWS organisation, and whether it shares without invitations.

    On the local AWS this makes the organisation; real accounts are in theirs whatever it says.
    """

    enabled: bool = False
    sharing: bool = False
    id: Annotated[str, StringConstraints(pattern=r"^o-[a-z0-9]{10,32}$")] | None = None


class ManagedMlflow(Strict):
    """A managed MLflow server of SageMaker in the data science account: name, size, version."""

    managed: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,255}$")]
    size: Literal["Small", "Medium", "Large"] = "Small"
    version: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+){1,2}$")] | None = None


class ModelCards(Strict):
    """Accounts that keep model cards of their own beside those in shared services."""

    spokes: tuple[Literal["data_science", "test", "prod"], ...] = ()


class Topology(Strict):
    """Which account plays which role, in which region, with which images and people."""

    name: str
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    partition: Annotated[str, StringConstraints(pattern=r"^aws(-[a-z]+)*$")] = "aws"
    accounts: dict[AccountRole, _Id]
    organisation: Organisation = Organisation()
    mlflow: ManagedMlflow | None = None
    model_cards: ModelCards = ModelCards()
    access: tuple[AccessRule, ...] = ()
    images: dict[str, str]
    image_digests: dict[
        str, Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
    ] = Field(default_factory=dict)
    people: dict[str, Person] = Field(min_length=1)
    #: Where raw files are taken from, besides the bucket of the data account.
    landing: tuple[LandingBucket, ...] = ()
    #: How jobs and endpoints run in an account; without it in AWS's network, under AWS's keys.
    compute: dict[RunningRole, Compute] = Field(default_factory=dict)
    #: After how many days leftovers of queries, and inputs and outputs of jobs, are deleted, and
    #: how many the audit's heads are kept.
    retention: Retention = Retention()
    #: How much one query may read; Athena's own least limit is 10 MB.
    query_scan_limit_gb: Annotated[float, Field(ge=0.01, le=7_000_000)] = 100
    airflow: AirflowTrust = AirflowTrust()
    #: Whether access may go beyond what the guards' templates name; the sharing duties may write
    #: bucket and key policies, and share with other accounts, only then.
    outside_consumers: bool = False
    #: Whether versions of a use case without a record may be deployed.
    unrecorded_use_cases: bool = False
    #: How the guards are deployed. Stacks of a stack set have names of their own.
    guards: Literal["stacks", "stack_sets"] = "stacks"
    #: Whether these are the accounts of the embedded local AWS.
    local: bool = False
    #: Minutes after which CloudTrail has every call (at most; on average it takes five).
    trail_delay_minutes: float = Field(default=15, ge=0)

    @field_validator("accounts", mode="before")
    @classmethod
    def _ids_are_text(cls, value: object) -> object:
        if isinstance(value, dict):
            for role, account in value.items():
                if not isinstance(account, str) or len(account) != 12 or not account.isdigit():
                    raise ValueError(
                        f"{role}: {account!r} is no account id; allowed: twelve digits in quotes "
                        "(unquoted YAML numbers lose their leading zeros)"
                    )
        return value

    @model_validator(mode="after")
    def _complete(self) -> Topology:
        missing = [role.value for role in DEPLOYED_ROLES if role not in self.accounts]
        if missing:
            raise ValueError(f"accounts: no account id for {', '.join(missing)}")
        self._check_consumers()
        check_people(self.people)
        self._check_owners_of_principals()
        if not self.local and self.trail_delay_minutes < TRAIL_DELAY_MINUTES:
            raise ValueError(
                f"trail_delay_minutes: {self.trail_delay_minutes:g} would refuse genuine "
                "approvals, because CloudTrail takes five minutes on average to have a call and "
                f"fifteen at most; allowed: {TRAIL_DELAY_MINUTES:g} or more, less only on a "
                "topology with `local: true`"
            )
        return self

    def _check_consumers(self) -> None:
        """Refuse a consumer in an account of another role, whose rights it would have."""
        for role in self.consumers:
            if others := [r for r in self.roles_of(self.accounts[role]) if r is not role]:
                raise ValueError(
                    f"accounts: {role} has the account of {others[0]}; a consumer has its own"
                )

    def _check_owners_of_principals(self) -> None:
        """Refuse people whose principal belongs to whoever trains or deploys, or to Airflow.

        The administrators of an account can sign in as each of its users and roles. A role trusts
        a SAML provider of its own account alone.
        """
        governing = {self.account(role) for role in GOVERNING}
        self._check_door()
        for name, person in self.people.items():
            if person.principal is None:
                continue
            if person.principal.arn in (self.airflow.role_arn, self.airflow.door):
                raise ValueError(
                    f"people: {name} signs in as {person.principal.arn}, which the Airflow "
                    "processes run as: they could decide as this person; give each their own"
                )
            registry = self.account(AccountRole.SHARED_SERVICES)
            if person.principal.saml_provider and person.principal.account != registry:
                raise ValueError(
                    f"people: {name} signs in through {person.principal.arn}; allowed: a SAML "
                    f"provider of the shared services account, {registry}"
                )
            if person.principal.account in governing:
                continue
            if roles := self.roles_of(person.principal.account):
                raise ValueError(
                    f"people: {name} signs in from the account of {roles[0].value}, whose "
                    "administrators could appear as them; allowed: the governance or shared "
                    "services account, or one that plays no role here"
                )

    def _check_door(self) -> None:
        """Refuse a door that workers go through, or that others than governance open."""
        door = self.airflow.door
        if door is None:
            return
        if door == self.airflow.role_arn:
            raise ValueError(
                f"airflow.door: {door} is what every Airflow process runs as, so that a task could "
                "decide as anybody; allowed: a principal that the API server alone runs as"
            )
        if not (self.airflow.role_arn or self.airflow.web_identity or self.airflow.pod_identity):
            raise ValueError(
                "airflow.door: say what the other Airflow processes run as (`role_arn`, "
                "`web_identity` or `pod_identity`); with nothing said they could be the door"
            )
        if "/causeway-" in door:
            raise ValueError(
                f"airflow.door: the approver roles let no role in that is named causeway-*, such "
                f"as {door}: those are duties, which every task may take on"
            )
        account = door.split(":")[4]
        roles = self.roles_of(account)
        if roles and not set(roles) & set(GOVERNING):
            raise ValueError(
                f"airflow.door: {door} is in the account of {roles[0].value}, whose administrators "
                "could decide as anybody; allowed: the governance or shared services account, or "
                "one that plays no role here"
            )

    def account(self, role: AccountRole) -> AccountId:
        """Return the account that plays the role; management defaults to governance.

        Raises:
            ConfigError: the topology has no such consumer.
        """
        if role not in self.accounts and role is not AccountRole.MANAGEMENT:
            raise ConfigError(
                f"topology {self.name}: accounts has no {role}",
                next_step=f"Add its account id, or use one of: {', '.join(self.roles)}.",
            )
        return AccountId(self.accounts.get(role) or self.accounts[AccountRole.GOVERNANCE])

    @property
    def consumers(self) -> tuple[AccountRole, ...]:
        """The further consumers of what is shared."""
        return tuple(sorted(role for role in self.accounts if role.kind is AccountRole.CONSUMER))

    @property
    def roles(self) -> tuple[AccountRole, ...]:
        """The roles that have a CloudFormation stack, resources and people of their own."""
        return (*DEPLOYED_ROLES, *self.consumers)

    def roles_of(self, account: str) -> tuple[AccountRole, ...]:
        """Return every role that the account plays; none for a foreign account."""
        return tuple(role for role in self.roles if self.account(role) == account)

    def organisation_arn(self, unit: str | None = None) -> str:
        """Return the ARN of the organisation, or of one of its units by the unit's id.

        Raises:
            ConfigError: the topology does not say the organisation's id.
        """
        organisation_id = self.organisation.id
        if organisation_id is None:
            raise ConfigError(
                f"topology {self.name}: access names the organisation or a unit of it, but "
                "organisation.id is missing",
                next_step="Write the id, o-…, under `organisation`, or name accounts.",
            )
        kind = f"ou/{organisation_id}/{unit}" if unit else f"organization/{organisation_id}"
        management = self.account(AccountRole.MANAGEMENT)
        return f"arn:{self.partition}:organizations::{management}:{kind}"

    def bucket(self, role: AccountRole) -> str:
        """Return the name of the account role's bucket."""
        return f"causeway-{role.kind.dashed}-{self.account(role)}-{self.region}"

    @property
    def audit_bucket(self) -> str:
        """The bucket where the audit's heads are under object lock."""
        return f"causeway-audit-{self.account(AccountRole.GOVERNANCE)}-{self.region}"

    @property
    def trail_bucket(self) -> str:
        """The bucket of the data account's trail, which logs reads and writes of features."""
        return f"causeway-trail-{self.account(AccountRole.DATA)}-{self.region}"

    def key_alias(self, role: AccountRole) -> str:
        """Return the KMS alias of the account role (data, data science, shared services)."""
        return f"alias/causeway-{role.kind.dashed}"

    def key_alias_arn(self, role: AccountRole) -> str:
        """Return the ARN of the account role's KMS alias, usable from other accounts."""
        return f"arn:{self.partition}:kms:{self.region}:{self.account(role)}:{self.key_alias(role)}"

    def glue_arn(self, role: AccountRole, part: str = "catalog") -> str:
        """Return the ARN of the account role's Glue catalogue, or of something in it."""
        return f"arn:{self.partition}:glue:{self.region}:{self.account(role)}:{part}"

    def guards_stack(self, role: AccountRole) -> str:
        """Return the name of the account role's stack of guards."""
        return f"causeway-{role.dashed}-guards"

    def resources_stack(self, role: AccountRole) -> str:
        """Return the name of the account role's stack of resources."""
        return f"causeway-{role.dashed}"

    def role_arn(self, role: AccountRole, duty: str) -> str:
        """Return the ARN of the IAM role for a duty, such as `ingester` in `data`.

        Raises:
            ConfigError: the account role has no such duty.
        """
        if duty not in role.duties:
            raise ConfigError(
                f"account role {role.value} has no duty {duty!r}",
                next_step=f"Use one of: {', '.join(role.duties)}.",
            )
        return f"arn:{self.partition}:iam::{self.account(role)}:role/causeway-{duty}"

    def tracking_server_arn(self) -> str | None:
        """Return the ARN of the managed MLflow server; None where MLflow is reached by its URL."""
        if self.mlflow is None:
            return None
        location = f"{self.region}:{self.account(AccountRole.DATA_SCIENCE)}"
        name = f"mlflow-tracking-server/{self.mlflow.managed}"
        return f"arn:{self.partition}:sagemaker:{location}:{name}"

    def root_arn(self, role: AccountRole) -> str:
        """Return the principal that stands for the whole account."""
        return f"arn:{self.partition}:iam::{self.account(role)}:root"

    def compute_of(self, role: AccountRole) -> Compute:
        """Return how jobs and endpoints run in the account that plays the role."""
        return {str(name): value for name, value in self.compute.items()}.get(role, Compute())

    def image(self, name: str) -> str:
        """Return the URI of an image of the table.

        Raises:
            ConfigError: the topology has no such image.
        """
        if name not in self.images:
            raise ConfigError(
                f"topology {self.name}: images has no entry {name!r}",
                next_step=f"Add it, or use one of: {', '.join(sorted(self.images))}.",
            )
        return self.images[name]

    def pinned_image(self, uri: str) -> str:
        """Return an image of the table by its digest: a tag may be moved, a digest may not.

        Raises:
            ConfigError: the image is not in the table, or the table has no digest for it.
        """
        if "@sha256:" in uri:
            return uri
        name = next((name for name, image in self.images.items() if image == uri), None)
        digest = self.image_digests.get(name or "")
        if digest is None:
            raise ConfigError(
                f"topology {self.name}: image_digests has no digest for {name or uri}",
                next_step="Write it there: aws ecr describe-images in the image's registry, or "
                "docker pull, shows it. A registered version names its container by digest.",
            )
        return f"{uri.rpartition(':')[0]}@{digest}"

    def person_of_source_identity(self, source_identity: str | None) -> str | None:
        """Return the person behind an `sts:SourceIdentity`, or None for a stranger."""
        return next(
            (n for n, p in self.people.items() if p.source_identity == source_identity), None
        )

    def person_of_airflow_user(self, user: str | None) -> str | None:
        """Return the person behind an Airflow user name, or None for a stranger."""
        return next((n for n, p in self.people.items() if p.airflow_user == user), None)


def load_topology(path: Path | None = None) -> Topology:
    """Read a topology file; without a path, the local one.

    Raises:
        ConfigError: naming file, key, what was wrong and the allowed values.
    """
    return load(path or CONFIG_DIR / "topology" / "local.yaml", Topology)
