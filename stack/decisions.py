"""Decide as a person from the command line: what waits, approve it, reject it.

It is what the person's own tools do: their own key, the approver role of the stage, and
`UpdateModelPackage`. What came of it is read in the governance table, as its account's
administrator: a person has no right there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from boto3.dynamodb.conditions import Key

from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn, ModelPackageGroupArn
from causeway.topology.names import GOVERNANCE_TABLE
from causeway.use_cases.files import first_line, readable_use_cases
from causeway.use_cases.use_case import ModelSpec
from causeway.versions.keys import decisions_pk, version_pk
from stack import layout
from stack.local_topology import local_topology
from stack.person import Person, administrator, administrators_resource
from stack.processes import StackError

#: How long the sync may take to judge a word.
JUDGED_SECONDS: Final = 90.0
#: Versions that are named where another was typed.
SHOWN: Final = 10
#: Which life cycle waits for the entry into which stage.
WAITING: Final = {
    ("Development", "PendingApproval"): "test",
    ("Development", "OnHold"): "test",
    ("QA", "PendingApproval"): "production",
    ("QA", "OnHold"): "production",
}


@dataclass(frozen=True)
class Waiting:
    """A version that waits for a decision, and who may make it."""

    version: str
    stage: str
    people: tuple[str, ...]

    @property
    def command(self) -> str:
        """What one of them types."""
        return f"make approve VERSION={self.version} FOR={self.stage} AS={self.people[0]} REASON=…"


def pending(
    local: dict[str, Any], say: Callable[[str], None] = lambda line: None
) -> Iterator[Waiting]:
    """Return the versions that wait for somebody, the newest first; say what could not be read."""
    registry = administrator(local, "shared_services", "sagemaker")
    groups = _groups(registry)
    cases, faults = readable_use_cases(layout.USE_CASES)
    for fault in faults:
        say(f"left out: {first_line(fault)}")
    for case in cases:
        for model in case.models:
            for summary in _versions(registry, model.group) if model.group in groups else ():
                arn = ModelPackageArn.parse(summary["ModelPackageArn"])
                cycle = summary.get("ModelLifeCycle") or {}
                stage = WAITING.get((cycle.get("Stage", ""), cycle.get("StageStatus", "")))
                if stage is not None:
                    yield Waiting(f"{arn.group}/{arn.version}", stage, people(model, stage))


def _groups(registry: Any) -> set[str]:
    """Return the model groups that are there: platform__accounts makes them, once it has run."""
    pages = registry.get_paginator("list_model_package_groups").paginate()
    return {
        str(group["ModelPackageGroupName"])
        for page in pages
        for group in page["ModelPackageGroupSummaryList"]
    }


def _versions(registry: Any, group: str) -> list[dict[str, Any]]:
    """Return what the registry lists of a group, the newest first."""
    pages = registry.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
    )
    return [summary for page in pages for summary in page["ModelPackageSummaryList"]]


def people(model: ModelSpec, stage: str) -> tuple[str, ...]:
    """Return who may decide on a model's entry into a stage."""
    return model.approvers.test if stage == "test" else model.approvers.production


def decide(
    local: dict[str, Any], version: str, stage: str, person: str, reason: str, *, approve: bool
) -> str:
    """Say a person's word on a version, wait until it is judged, and return what came of it.

    Args:
        local: what the running stack says of itself.
        version: `<group>/<number>`, or an ARN.
        stage: `test` or `production`.
        person: whose word it is.
        reason: why, in one line.
        approve: the word; a rejection also stops what was approved before.

    Raises:
        StackError: nobody of that name, no such version, or the word was refused.
    """
    arn = _arn(version)
    label = f"{arn.group}/{arn.version}"
    if person not in local["people"]:
        raise StackError(f"AS={person}: use one of {', '.join(sorted(local['people']))}")
    _require_version(local, arn, version)
    own = Person(person, local)
    before = _items(local, arn)
    _require_news(list(before.values()), label, stage, approve=approve)
    word = "Approved" if approve else "Rejected"
    if stage == "test":
        own.say_for_test(str(arn), word, reason)
    else:
        own.say_for_production(str(arn), word, reason)
    until = time.monotonic() + JUDGED_SECONDS
    while time.monotonic() < until:
        new = {key: item for key, item in _items(local, arn).items() if key not in before}
        for (_, kind), item in new.items():
            if kind.startswith("REFUSAL#"):
                raise StackError(f"refused: {item['reason']}")
            if kind.startswith("REVOCATION#"):
                return f"{item['person']} stopped attempt {item['attempt']} of {label}"
            if kind.startswith("DECISION#"):
                return f"{item['person']} {item['verdict']} {label} for {item['target_stage']}"
        time.sleep(0.5)
    raise StackError(
        f"nothing came of it in {JUDGED_SECONDS:.0f} s; look at platform__governance_sync. A word "
        "that was said already changes nothing."
    )


def _require_news(
    items: Iterable[dict[str, Any]], label: str, stage: str, *, approve: bool
) -> None:
    """Refuse a word that says what stands already: nothing would come of it."""
    decisions = [item for item in items if str(item["sk"]).startswith(f"DECISION#{stage}#")]
    stopped = {item["attempt"] for item in items if str(item["sk"]).startswith("REVOCATION#")}
    standing = max(decisions, key=lambda item: int(item["attempt"]), default=None)
    verdict = "approved" if approve else "rejected"
    if standing is None or standing["verdict"] != verdict or standing["attempt"] in stopped:
        return
    raise StackError(
        f"{standing['person']} {verdict} {label} for {stage} already: said again, it changes "
        f"nothing. To have it tested and decided on anew: make reject VERSION={label} FOR=test …, "
        "then make approve for test."
    )


def refusals(local: dict[str, Any], version_arn: str) -> dict[str, str]:
    """Return the refused words on a version: each with its reason."""
    items = _items(local, ModelPackageArn.parse(version_arn))
    return {
        key: str(item["reason"]) for (_, key), item in items.items() if key.startswith("REFUSAL#")
    }


def _items(local: dict[str, Any], arn: ModelPackageArn) -> dict[tuple[str, str], dict[str, Any]]:
    table = administrators_resource(local, "governance", "dynamodb").Table(GOVERNANCE_TABLE)
    items: dict[tuple[str, str], dict[str, Any]] = {}
    for pk in (decisions_pk(arn), version_pk(arn)):
        for item in table.query(KeyConditionExpression=Key("pk").eq(pk), ConsistentRead=True)[
            "Items"
        ]:
            items[str(item["pk"]), str(item["sk"])] = item
    return items


def _require_version(local: dict[str, Any], arn: ModelPackageArn, typed: str) -> None:
    """Refuse a version that the registry does not have, with those that it has."""
    registry = administrator(local, "shared_services", "sagemaker")
    groups = _groups(registry)
    near = [arn.group] if arn.group in groups else sorted(groups)
    arns = [str(s["ModelPackageArn"]) for group in near for s in _versions(registry, group)]
    if str(arn) not in arns:
        there = ", ".join(arn.partition("model-package/")[2] for arn in arns[:SHOWN])
        raise StackError(
            f"VERSION={typed}: there is no such version; "
            + (f"there is {there}" if there else "nothing was registered yet")
        )


def _arn(version: str) -> ModelPackageArn:
    if version.startswith("arn:"):
        return ModelPackageArn.parse(version)
    group, _, number = version.partition("/")
    if not number.isdigit():
        raise StackError(f"VERSION={version}: write it as credit-risk/1, or as an ARN")
    topology = local_topology()
    owner = ModelPackageGroupArn.of(topology, AccountRole.SHARED_SERVICES, group)
    return owner.version(int(number))
