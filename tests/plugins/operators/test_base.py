"""What every operator has from the base: its work is its own, and only what waits is resumed."""

from __future__ import annotations

import pytest
from airflow.sdk import Context
from airflow.sdk.exceptions import AirflowFailException

from causeway_airflow.operators.base import CausewayOperator


class Once(CausewayOperator):
    """Works at once and waits for nothing."""

    def perform(self, context: Context) -> str:
        return self.connection()


def test_an_operator_without_work_of_its_own_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="perform"):
        CausewayOperator(task_id="task", account_role="data", duty="ingester")  # type: ignore[abstract]


def test_a_task_that_waits_for_nothing_fails_for_good_when_it_is_resumed() -> None:
    task = Once(task_id="task", account_role="data", duty="ingester")
    assert task.execute(Context()) == "causeway_data_ingester"
    with pytest.raises(AirflowFailException, match="Once was resumed, but waits for nothing"):
        task.resume(Context())
