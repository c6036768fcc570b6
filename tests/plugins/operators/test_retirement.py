"""A version is taken out of production for good, and stays out of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from causeway.errors import ApprovalRefused, UnexpectedState, WriteConflict
from causeway.governance.audit import Action, AuditEntry
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import ABOUT, register
from tests.plugins.conftest import context, execute
from tests.plugins.promoting import promoted
from tests.plugins.table_records import stage_table, state_of

pytestmark = pytest.mark.usefixtures("own_endpoints")


def status(version: str) -> Status:
    return Status(state_of(version).records[Stage.PRODUCTION].status)


def serves(platform: LocalPlatform) -> bool:
    sagemaker = platform.client("sagemaker", "prod")
    try:
        sagemaker.describe_endpoint(EndpointName="credit-risk")
    except ClientError as error:
        assert "Could not find endpoint" in str(error)
        return False
    return True


def retire(version: int | None = None) -> Any:
    from causeway_airflow.operators.retirement import RetireOperator

    return RetireOperator(task_id="retire", version=version, reason="it is unfair", **ABOUT)


def roll_back() -> Any:
    from causeway_airflow.operators.rollback import RollBackOperator

    return RollBackOperator(task_id="roll_back", version=None, reason="the other", **ABOUT)


def reasons(version: str, action: Action) -> list[tuple[str, str]]:
    """Return who did it and why, as the audit of the version's group says."""
    entries, _ = stage_table().entries(ModelPackageArn.parse(version))
    return [
        (entry.person, entry.reason)
        for entry in entries
        if isinstance(entry, AuditEntry) and entry.action == action
    ]


@pytest.fixture
def both(shared: LocalPlatform, request: pytest.FixtureRequest) -> tuple[str, str]:
    """Two versions of its own, the second of which is live."""
    name = request.node.name
    return promoted(shared, f"{name}: before"), promoted(shared, f"{name}: after")


def test_the_live_version_is_retired_and_a_rollback_brings_the_one_before_it_back(
    shared: LocalPlatform, both: tuple[str, str], heard: Any
) -> None:
    before, after = both
    heard()
    result = execute(retire(), context("retire-1", user="officer"))
    assert result == {"version_arn": after, "endpoint": "credit-risk", "removed": True}
    assert not serves(shared)
    assert (status(before), status(after)) == (Status.SUPERSEDED, Status.RETIRED)
    live = stage_table().live(AccountRole.PROD, "credit_risk")
    assert live is not None and live.removed_at is not None
    assert reasons(after, Action.REMOVED) == [("airflow:officer", "it is unfair")]
    assert [alert["alert"] for alert in heard()] == ["retired by officer: it is unfair"]
    execute(retire(), context("retire-1", user="officer"))
    assert reasons(after, Action.REMOVED) == [("airflow:officer", "it is unfair")]
    with pytest.raises(UnexpectedState, match="nothing of credit_risk is live"):
        retire().perform(context("retire-another"))
    assert execute(roll_back(), context("back-1"))["version_arn"] == before
    # Cleared later, a retirement does not take what is live by now for what it was about.
    assert execute(retire(), context("retire-1", user="officer"))["removed"] is False
    assert serves(shared)
    assert (status(before), status(after)) == (Status.DEPLOYED, Status.RETIRED)


def test_once_nothing_is_live_a_rollback_asks_the_use_case(
    shared: LocalPlatform, both: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.tasks import rollback

    before, after = both
    strict = rollback.topology().model_copy(update={"unrecorded_use_cases": False})
    monkeypatch.setattr(rollback, "topology", lambda: strict)
    execute(retire(), context("retire-before"))
    with pytest.raises(ApprovalRefused, match="the use case has no record"):
        roll_back().perform(context("back-refused"))
    assert (status(before), status(after)) == (Status.SUPERSEDED, Status.RETIRED)
    assert not serves(shared)


def test_a_version_that_may_be_gone_back_to_is_retired_and_what_is_live_stays(
    shared: LocalPlatform, both: tuple[str, str]
) -> None:
    before, after = both
    number = ModelPackageArn.parse(before).version
    assert execute(retire(number), context("retire-2"))["removed"] is False
    assert (status(before), status(after)) == (Status.RETIRED, Status.DEPLOYED)
    assert serves(shared)


def test_a_retirement_that_was_killed_once_the_endpoint_was_deleted_is_finished_by_the_next_try(
    shared: LocalPlatform, both: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.stage_table import StageTableHook

    _, after = both
    with monkeypatch.context() as killed, pytest.raises(WriteConflict):
        killed.setattr(StageTableHook, "record", lambda *_: False)
        execute(retire(), context("retire-3"))
    assert status(after) is Status.DEPLOYED
    execute(retire(), context("retire-3"))
    assert (status(after), serves(shared)) == (Status.RETIRED, False)
    assert len(reasons(after, Action.REMOVED)) == 1


def test_what_was_never_in_production_is_not_retired(shared: LocalPlatform) -> None:
    version = register("never").perform(context())["version_arn"]
    number = ModelPackageArn.parse(version).version
    for unknown in (number, 9999):
        with pytest.raises(UnexpectedState, match="was never in production"):
            retire(unknown).perform(context("retire-4"))


@pytest.fixture
def own_card(shared: LocalPlatform) -> Iterator[Any]:
    """The model's card, which is made anew afterwards: an archived one stays as it is."""
    from causeway_airflow.hooks.model_cards import ModelCardsHook
    from causeway_airflow.tasks.model_cards import ensure_cards

    owner = shared.client("sagemaker", "shared_services")
    yield lambda: owner.describe_model_card(ModelCardName="credit-risk")["ModelCardStatus"]
    owner.delete_model_card(ModelCardName="credit-risk")
    ensure_cards(lambda kind, *_: kind("causeway_shared_services_registry_owner"))
    assert ModelCardsHook("causeway_shared_services_registry_owner").find("credit-risk")


def test_the_card_is_archived_only_where_the_form_says_so(
    shared: LocalPlatform, own_card: Any
) -> None:
    from causeway_airflow.operators.model_cards import HandOverCardOperator
    from causeway_airflow.operators.retirement import ArchiveCardOperator
    from tests.plugins.candidates import run_of

    version = promoted(shared, "carded")
    hand_over = HandOverCardOperator(
        task_id="card", hand_over="production", version_arn=version, attempt=1, **ABOUT
    )
    hand_over.perform(run_of(version))
    retired = execute(retire(), context("retire-5"))

    def archive(said: bool) -> bool:
        operator = ArchiveCardOperator(
            task_id="archive", retired=retired, archive_card=said, **ABOUT
        )
        return bool(operator.perform(context("retire-5")))

    assert not archive(False)
    assert own_card() == "Approved"
    assert archive(True)
    assert own_card() == "Archived"
    assert not archive(True)
