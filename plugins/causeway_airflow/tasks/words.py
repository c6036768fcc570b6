"""A word on a version, said in Airflow by whoever is signed in: on a page, or in Required Actions.

The guard is asked before anything is said, so that nobody is quarantined for a press of a button. A
word that it takes is said in the registry, as the person: from there on it is judged as any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from causeway.errors import ApprovalRefused, ConfigError
from causeway.governance.foreseen import require_foreseen
from causeway.governance.gestures import Channel, Gesture, Verdict
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec
from causeway.versions.registry import version_of
from causeway.versions.stages import Stage
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.approver import ApproverHook
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.tasks.acting import Hooks

#: What the registry takes (service model, `ApprovalDescription` and `StageDescription`).
REASON_LENGTH = 1024


@dataclass(frozen=True)
class Word:
    """What somebody who is signed in says of a version."""

    user: str
    model: ModelSpec
    version: ModelPackageArn
    target: Stage
    verdict: Verdict
    reason: str = ""

    def gesture(self) -> Gesture:
        """Return it as the guard reads it."""
        return Gesture(
            version_arn=self.version,
            target=self.target,
            verdict=self.verdict,
            identity=self.user,
            principal=f"Airflow user {self.user}",
            reason=self.reason,
            at=datetime.now(UTC),
            channel=Channel.AIRFLOW,
        )


def _stage_of(person: str, word: Word) -> Stage:
    """Return the stage whose role the person takes on: a stop is said in whichever is theirs."""
    decides = topology().people[person].decides
    if word.verdict is Verdict.REJECTED and word.target.value not in decides and decides:
        return Stage(decides[0])
    return word.target


def in_short(refused: ApprovalRefused) -> str:
    """Return why, in one line, without the version: whoever reads it looks at that one."""
    reason = refused.what.partition("arn:")[2].partition(": ")[2] or refused.what
    return f"{reason}. {refused.next_step}" if refused.next_step else reason


def foresee(hook: Hooks, word: Word) -> str:
    """Return the person whose word would count, by what the table says.

    Raises:
        ApprovalRefused: the guard would refuse it.
    """
    state = hook(StageTableHook, AccountRole.GOVERNANCE, "table-reader").state(word.version)
    return require_foreseen(word.gesture(), state, word.model, topology())


def say(hook: Hooks, word: Word) -> str:
    """Say a word in the registry, as the person who is signed in; return the person.

    Raises:
        ConfigError: there is no reason, or it is too long.
        ApprovalRefused: the guard would refuse it, or nobody decides in Airflow; nothing was said.
        AwsCallError: the registry could not be reached as the person.
    """
    reason = " ".join(word.reason.split())
    if not 0 < len(reason) <= REASON_LENGTH:
        raise ConfigError(
            f"a decision has a reason of 1 to {REASON_LENGTH} characters, this one has "
            f"{len(reason)}",
            next_step="Say in one line why.",
        )
    if not topology().airflow.door:
        raise ApprovalRefused(
            f"topology {topology().name} lets nobody decide in Airflow",
            next_step="Use UpdateModelPackage, or have `airflow.door` set.",
        )
    person = foresee(hook, word)
    approver = ApproverHook(person, _stage_of(person, word))
    state = hook(StageTableHook, AccountRole.GOVERNANCE, "table-reader").state(word.version)
    version = version_of(approver.describe(word.version))
    require_foreseen(word.gesture(), state, word.model, topology(), version)
    approver.say(word.version, word.verdict, reason)
    return person
