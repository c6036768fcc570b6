"""What lies around the accounts and may stop a job or an endpoint: quotas, images, organisation.

What cannot be seen is said, and is no fault: quotas and service control policies are others' to
grant. Lake Formation's grants are among the sights of the access matrix.
Source of the quotas' names: AWS General Reference, "Amazon SageMaker AI endpoints and quotas".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from causeway.topology.account_roles import AccountRole
from causeway.use_cases.resource_specs import Resources
from causeway.use_cases.use_case import UseCase

#: What each account role starts, by the duty that starts it.
STARTED: Final[Mapping[AccountRole, tuple[str, tuple[str, ...]]]] = {
    AccountRole.DATA: ("ingester", ("sagemaker:CreateProcessingJob",)),
    AccountRole.DATA_SCIENCE: (
        "trainer",
        ("sagemaker:CreateProcessingJob", "sagemaker:CreateTrainingJob"),
    ),
    AccountRole.TEST: ("deployer", ("sagemaker:CreateModel", "sagemaker:CreateEndpoint")),
    AccountRole.PROD: ("deployer", ("sagemaker:CreateModel", "sagemaker:CreateEndpoint")),
}


class State(StrEnum):
    """Whether something suffices; `unseen` where nobody shows it."""

    ENOUGH = "enough"
    SHORT = "short"
    UNSEEN = "cannot be seen"


@dataclass(frozen=True)
class Surrounding:
    """One thing that an account needs of its surroundings, and whether it is there."""

    account_role: AccountRole
    subject: str
    state: State
    detail: str

    def __str__(self) -> str:
        """Return it as a line of a log."""
        return f"{self.account_role}: {self.subject}: {self.state} ({self.detail})"


def instances_needed(role: AccountRole, use_cases: Iterable[UseCase]) -> dict[str, int]:
    """Return how many instances an account needs at once, by the quota's name."""
    needed: Counter[str] = Counter()
    for case in use_cases:
        if role is AccountRole.DATA:
            _raise_to(needed, case.processing, "processing job", 1)
        for model in case.models if role is AccountRole.DATA_SCIENCE else ():
            training = model.training
            at_once = min(training.parallel, training.count)
            _raise_to(needed, training, "training job", at_once)
            for step in (case.processing, case.evaluation):
                _raise_to(needed, step, "processing job", 1)
        for model in case.models if role in (AccountRole.TEST, AccountRole.PROD) else ():
            deployment = model.deployment
            if deployment.instance_type:
                needed[f"{deployment.instance_type} for endpoint usage"] += deployment.count
    return dict(needed)


def judge_quotas(
    role: AccountRole, needed: Mapping[str, int], quotas: Mapping[str, float] | None
) -> list[Surrounding]:
    """Compare what is needed with the quotas of the account; None: they are not shown."""
    judged = []
    for name, count in sorted(needed.items()):
        value = None if quotas is None else quotas.get(name)
        if value is None:
            state, detail = State.UNSEEN, f"{count} needed"
        else:
            state = State.ENOUGH if value >= count else State.SHORT
            detail = f"{count} needed, the quota is {value:g}"
        judged.append(Surrounding(role, name, state, detail))
    return judged


def judge_image(
    role: AccountRole, uri: str, declared: str | None, digest: str | None
) -> Surrounding:
    """Compare an image's digest with the declared one; None: the registry shows no image."""
    if digest is None:
        return Surrounding(role, uri, State.UNSEEN, "the registry shows no such image")
    if declared is None or digest == declared:
        return Surrounding(role, uri, State.ENOUGH, digest)
    return Surrounding(role, uri, State.SHORT, f"its digest is {digest}, declared is {declared}")


def judge_organisation(role: AccountRole, action: str, allowed: bool | None) -> Surrounding:
    """Say whether the organisation's policies leave an action to the account."""
    if allowed is None:
        return Surrounding(
            role, action, State.UNSEEN, "IAM does not say what the organisation does"
        )
    state = State.ENOUGH if allowed else State.SHORT
    word = "allow" if allowed else "deny"
    return Surrounding(role, action, state, f"the organisation's policies {word} it")


def _raise_to(needed: Counter[str], resources: Resources, kind: str, at_once: int) -> None:
    name = f"{resources.instance_type} for {kind} usage"
    needed[name] = max(needed[name], at_once * resources.instance_count)
