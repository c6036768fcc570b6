"""The prediction of a check: `causeway.iam` asked with the policies that the auditors saw.

Each side of a "no" is asked by itself, with everything else allowing, so that several missing ones
are all named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final

from causeway.access.checks import Check, Need, Probe
from causeway.access.sights import SeenRole, SeenShare, Sight
from causeway.access.verdicts import YES, Side, Verdict, no, untested
from causeway.iam import (
    Decision,
    MalformedPolicy,
    Policies,
    Policy,
    PolicyType,
    Principal,
    Request,
    evaluate,
    parse,
)
from causeway.topology.access_rules import CARD_STATUSES, ResourceKind
from causeway.topology.accounts import Topology

_ALL: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
)
_ALL_FOR_ALL: Final = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}],
    }
)
#: Kinds whose resources the owner's auditor lists; listing catalogs creates one.
LISTED: Final = frozenset(ResourceKind) - {ResourceKind.FEATURE_CATALOG}
#: Lake Formation's group of everybody whom IAM allows.
_LEFT_TO_IAM: Final = "IAM_ALLOWED_PRINCIPALS"
_OPEN: Final = ("ASSOCIATED",)
_ON_THE_WAY: Final = ("ASSOCIATING", "RESTORING")


class Predictor:
    """Answers checks from what the auditors saw; an account without a sight gives `untested`."""

    def __init__(self, sights: Iterable[Sight], topology: Topology) -> None:
        self._sights = {sight.account: sight for sight in sights}
        self._topology = topology

    def predict(self, check: Check) -> Verdict:
        """Return what the policies say about a check."""
        owner, consumer = self._sights.get(check.owner), self._sights.get(check.account)
        if owner is None or consumer is None:
            unseen = check.owner if owner is None else check.account
            return untested(f"account {unseen} was not seen")
        if check.arn.region != consumer.region:
            return no(Side.REGION, reason=f"the consumer acts in {consumer.region}")
        if check.kind in LISTED and check.resource not in owner.existing:
            return no(Side.ABSENT, reason=f"account {check.owner} has no {check.resource}")
        prediction = _Prediction(check, owner, consumer, self._topology)
        if prediction.held_back():
            return no(Side.ABSENT, reason=f"held back until the card is {check.from_status}")
        return prediction.verdict()


class _Prediction:
    """One check against the two accounts it is about."""

    def __init__(self, check: Check, owner: Sight, consumer: Sight, topology: Topology) -> None:
        self.check = check
        self.owner = owner
        self.consumer = consumer
        self.topology = topology

    def held_back(self) -> bool:
        """Tell whether the resource is a card that has not reached its status and is not shared."""
        now = self.owner.cards.get(self.check.resource, CARD_STATUSES[-1])
        early = CARD_STATUSES.index(now) < CARD_STATUSES.index(self.check.from_status)
        return early and bool(self._unshared(None, self.check.resource))

    def verdict(self) -> Verdict:
        if self.check.probe is Probe.VISIBLE:
            return self._visible()
        role = self.consumer.roles.get(self._role_arn)
        if role is None:
            return no(Side.IDENTITY, reason=f"there is no role {self._role_arn}")
        sides: list[Side] = []
        reasons: list[str] = []
        for need in self.check.needs:
            try:
                gaps, reason = self._missing(need, role)
            except MalformedPolicy as error:
                return untested(f"a policy cannot be read: {error}")
            sides += gaps
            reasons += [reason] if reason else []
        if self.check.probe is Probe.LOOK_UP_TABLE:
            lacking = self._lake()
            sides += [Side.LAKE] if lacking else []
            reasons += [lacking] if lacking else []
        if self.check.probe is Probe.SEARCH:
            sides += self._unshared("sagemaker:Search", self.check.resource)
        return no(*sides, reason="; ".join(reasons)) if sides else YES

    @cached_property
    def _role_arn(self) -> str:
        return self.topology.role_arn(self.check.account_role, self.check.duty)

    def _visible(self) -> Verdict:
        sides = self._unshared(None, self.check.resource)
        return no(*sides, reason=f"share {self.check.share}") if sides else YES

    def _missing(self, need: Need, role: SeenRole) -> tuple[list[Side], str]:
        """Return the sides that lack one need, and what the evaluation said of it."""
        resource = need.resource
        if need.key_of is not None:
            key_arn = self.owner.keys.get(need.key_of)
            if key_arn is None:
                return [Side.KEY], f"there is no key {need.key_of}"
            resource = key_arn
        request = self._request(need, resource)
        identity = tuple(
            parse(document, PolicyType.IDENTITY, name) for name, document in role.identity.items()
        )
        of_resource = self._of_resource(resource)
        shared = self._shared(need.action, resource)
        boundary = parse(role.boundary, PolicyType.BOUNDARY) if role.boundary else None
        decision = evaluate(request, Policies(identity, of_resource, boundary, shared=shared))
        if decision.allowed:
            return [], ""
        whole = (parse(_ALL, PolicyType.IDENTITY),)
        everyone = (parse(_ALL_FOR_ALL, PolicyType.RESOURCE),)
        sides: list[Side] = []
        if not evaluate(request, Policies(identity, everyone, shared=True)).allowed:
            sides.append(Side.IDENTITY)
        if not evaluate(request, Policies(whole, everyone, boundary, shared=True)).allowed:
            sides.append(Side.BOUNDARY)
        outside = evaluate(request, Policies(whole, of_resource, shared=shared))
        if not outside.allowed:
            sides += self._outside(need, resource, outside)
        return sides, decision.message

    def _outside(self, need: Need, resource: str, decision: Decision) -> list[Side]:
        """Name what the owner's side lacks."""
        service = resource.split(":")[2] if resource.startswith("arn:") else ""
        if service == "s3":
            return [Side.BUCKET]
        if service == "kms":
            return [Side.KEY]
        if service == "glue":
            return [Side.CATALOGUE]
        if decision.explicit:
            return [Side.GROUP]
        if self.check.route == "policy" or self.owner.policies.get(_shared_as(resource)):
            return [Side.GROUP]
        return self._unshared(need.action, _shared_as(resource))

    def _lake(self) -> str:
        """Say what Lake Formation's grants on the offline store's table lack; nothing if nothing.

        A table that `IAM_ALLOWED_PRINCIPALS` has everything on is left to IAM, as each is by
        default (Lake Formation Developer Guide).
        """
        _, database, table = self.check.needs[-1].resource.rsplit("/", 2)
        # The store adds the time of its creation to the name of a table.
        name = re.compile(re.sub(r"_0$", r"_\\d+", re.escape(table)))
        permissions: dict[str, set[str]] = {}
        for grant in self.owner.lake:
            of_table = grant.table is None or name.fullmatch(grant.table)
            if grant.database == database and of_table:
                permissions.setdefault(grant.principal, set()).update(grant.permissions)
        if "ALL" in permissions.get(_LEFT_TO_IAM, ()):
            return ""
        own = {self._role_arn, f"{self.check.account}:IAMPrincipals"}
        granted = {permission for who in own for permission in permissions.get(who, ())}
        if granted & {"ALL", "SELECT"}:
            return ""
        has = ", ".join(sorted(granted)) or "no grant that the owner's auditor sees"
        return f"Lake Formation governs the table; {self._role_arn} has {has}"

    def _request(self, need: Need, resource: str) -> Request:
        account, duty = self.check.account, self.check.duty
        partition = self.topology.partition
        who = Principal.of_arn(
            f"arn:{partition}:sts::{account}:assumed-role/causeway-{duty}/preflight"
        )
        facts: dict[str, str | bool] = {"aws:SecureTransport": True, **need.facts}
        if self.topology.organisation.enabled and self.topology.organisation.id:
            facts["aws:PrincipalOrgID"] = self.topology.organisation.id
        # A bucket's ARN does not say whose it is.
        owner = self.check.owner if resource.startswith(f"arn:{partition}:s3:") else None
        return Request(who, need.action, resource, facts, owner)

    def _of_resource(self, resource: str) -> tuple[Policy, ...]:
        holder = resource.split("/", 1)[0] if ":s3:::" in resource else _shared_as(resource)
        if ":glue:" in resource:
            holder = ":".join(resource.split(":")[:5]) + ":catalog"
        document = self.owner.policies.get(holder)
        return (parse(document, PolicyType.RESOURCE, holder),) if document else ()

    # ------------------------------------------------------------ RAM
    def _shared(self, action: str, resource: str) -> bool:
        if ":sagemaker:" not in resource or resource.split(":")[4] != self.owner.account:
            return False
        return not self._unshared(action, _shared_as(resource))

    def _unshared(self, action: str | None, resource: str) -> list[Side]:
        """Return what keeps a share from giving an action on a resource; nothing when one does."""
        holding = [
            share
            for share in self.owner.shares
            if share.status == "ACTIVE" and share.resources.get(resource) in _OPEN
        ]
        reaching = [share for share in holding if self._reaches(share, _OPEN)]
        if reaching:
            if action is None or any(action.lower() in share.actions for share in reaching):
                return []
            return [Side.PERMISSION]
        if any(self._reaches(share, _ON_THE_WAY) for share in holding):
            return [Side.INVITATION]
        offered = {share.arn for share in holding}
        if any(
            invitation.share_arn in offered and invitation.status != "ACCEPTED"
            for invitation in self.consumer.invitations
        ):
            return [Side.INVITATION]
        return [Side.SHARE]

    def _reaches(self, share: SeenShare, statuses: tuple[str, ...]) -> bool:
        return any(share.principals.get(name) in statuses for name in self._names())

    def _names(self) -> Iterator[str]:
        yield self.check.account
        if self.topology.organisation.enabled and self.topology.organisation.id:
            yield self.topology.organisation_arn()


def _shared_as(resource: str) -> str:
    """Return the ARN under which RAM and policies know a resource: a version's is its group's."""
    head, separator, tail = resource.partition(":model-package/")
    return f"{head}:model-package-group/{tail.split('/')[0]}" if separator else resource
