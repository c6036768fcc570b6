"""The one base of our operators: connection parameters, and what an error means to a task."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from causeway.errors import CausewayError, Superseded, UnexpectedState
from causeway.statuses import Meaning
from causeway.topology.account_roles import AccountRole
from causeway.topology.connections import connection_id
from causeway_airflow.configuration import patience
from causeway_airflow.parameters import Kind, read_parameter, require_parameters

if TYPE_CHECKING:
    from airflow.sdk import Context

H = TypeVar("H")

LOOK_SECONDS = 0.2  # between two looks of a task that waits by itself

#: What a promotion run is about, from its conf alone: nothing else is there when a trigger starts a
#: task. A run without it renders to nothing, which whoever parses the ARN refuses.
VERSION_ARN = "{{ (dag_run.conf or {}).get('version_arn') or '' }}"
#: The run itself.
RUN_ID = "{{ run_id }}"
#: Rendered to text, which `conf_parameters` reads as the integer that the parameter is declared as.
ATTEMPT: Any = "{{ (dag_run.conf or {}).get('attempt') or 1 }}"


@contextmanager
def airflow_errors() -> Iterator[None]:
    """Say a domain error as Airflow takes it.

    A task whose promotion is superseded is skipped, and what follows it; one that a retry cannot
    fix fails at once; the others retry.
    """
    try:
        yield
    except Superseded as error:
        raise AirflowSkipException(f"superseded: {error}") from error
    except CausewayError as error:
        if error.retryable:
            raise
        raise AirflowFailException(str(error)) from error


class CausewayOperator(BaseOperator):
    """A task that acts in one account with one duty.

    Subclasses implement `perform`, which imports its body from `causeway_airflow.tasks`: importing
    it on parse would load boto3 into the DAG processor. Those that wait extend `WaitingOperator`.

    :param account_role: the account the task acts in, such as `data` (templated)
    :param duty: the IAM role it acts as there, such as `ingester` (templated)
    :param region_name: the region, when not the connection's own
    """

    template_fields: Collection[str] = ("account_role", "duty", "region_name")
    #: Parameters that a run's conf or a form gives, by the kind that their text is read as.
    conf_parameters: ClassVar[Mapping[str, Kind]] = {}
    #: Whether a run's conf may have keys that the form of its DAG has not.
    takes_any_key: ClassVar[bool] = False

    def __init__(
        self, *, account_role: str, duty: str, region_name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.account_role = account_role
        self.duty = duty
        self.region_name = region_name
        self._hooks: dict[tuple[type[Any], str], Any] = {}

    def connection(
        self, account_role: AccountRole | str | None = None, duty: str | None = None
    ) -> str:
        """Return the connection of this task, or of another duty that it also needs."""
        return connection_id(AccountRole(account_role or self.account_role), duty or self.duty)

    def hook(
        self, kind: type[H], role: AccountRole | str | None = None, duty: str | None = None
    ) -> H:
        """Return a hook that acts as this task, or as another duty; one for each connection."""
        connection = self.connection(role, duty)
        key = (kind, connection)
        if key not in self._hooks:
            self._hooks[key] = kind(connection, self.region_name)  # type: ignore[call-arg]
        hook: H = self._hooks[key]
        return hook

    def execute(self, context: Context) -> Any:
        """Do the work; see `perform`. What ends within our patience is not deferred for."""
        with airflow_errors():
            self._require_declared(context)
            self._parse()
            try:
                return self.perform(context)
            except TaskDeferred as deferred:
                if not self._ends_soon(deferred.trigger):
                    raise
                resume = getattr(self, deferred.method_name)
                return resume(context, **(deferred.kwargs or {}))

    def resume(self, context: Context, event: Any = None) -> Any:
        """Go on after a trigger; see `resumed`. The event wakes, the state decides."""
        with airflow_errors():
            self._parse()
            return self.resumed(context)

    def _ends_soon(self, trigger: Any) -> bool:
        """Tell whether what a trigger asks about is over before our patience is."""
        from causeway_airflow.triggers.waiting import WaitTrigger

        if not isinstance(trigger, WaitTrigger):
            return False
        until = time.monotonic() + patience()
        while time.monotonic() < until:
            if trigger.look() is not Meaning.WAITING:
                return True
            time.sleep(LOOK_SECONDS)
        return False

    @abstractmethod
    def perform(self, context: Context) -> Any:
        """Do the work and return a small JSON-able result."""

    def _require_declared(self, context: Context) -> None:
        """Have the first tasks of a run refuse keys that the form of its DAG has not."""
        dag = self.get_dag()
        if dag and dag.params and not self.upstream_task_ids and not self.takes_any_key:
            require_parameters(context["dag_run"].conf or {}, dag.params)

    def _parse(self) -> None:
        """Give the declared parameters the values that their rendered texts mean."""
        for name, kind in self.conf_parameters.items():
            setattr(self, name, read_parameter(name, kind, getattr(self, name)))

    def resumed(self, context: Context) -> Any:
        """Look at the state that was waited for and return the result, or raise."""
        raise UnexpectedState(
            f"{type(self).__name__} was resumed, but waits for nothing",
            next_step="Clear the task: it starts anew.",
        )
