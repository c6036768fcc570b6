"""Airflow's scheduler with what tasks use imported before it forks the workers that run them.

Every task is a fork of a LocalExecutor worker, itself a fork of the scheduler: what is imported
here, no task imports again. mlflow alone takes two seconds of CPU, boto3 with the models of the
services that the hooks speak to half of one. Nothing here starts a thread of Python's or opens a
connection, which a fork would inherit broken; `tests/stack/test_scheduler.py` checks that.

Operators and the bodies of tasks are left to the tasks: an edit of one shows in the next run. After
a change to a hook the stack has to be started anew.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from collections.abc import Iterator
from typing import Any

LAZY = (
    "airflow.dag_processing.dagbag",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.standard.operators.trigger_dagrun",
    "boto3.s3.inject",
    "mlflow",
    "pyarrow.csv",
    "pyarrow.parquet",
)


def load() -> None:
    """Import the hooks, what tasks and their start import lazily, and the services' models.

    The configuration is read once, too.
    """
    hooks = importlib.import_module("causeway_airflow.hooks")
    for module in pkgutil.iter_modules(hooks.__path__, f"{hooks.__name__}."):
        importlib.import_module(module.name)
    for name in LAZY:
        importlib.import_module(name)
    configuration = importlib.import_module("causeway_airflow.configuration")
    configuration.topology()  # kept until their files change; each task would read and check them
    configuration.use_cases()
    base = importlib.import_module("causeway_airflow.hooks.base")
    loader = base.SharedSessions.loader
    for service in sorted({"sts", *_services(base.CausewayHook)}):
        loader.load_service_model(service, "service-2")
        loader.load_service_model(service, "endpoint-rule-set-1")
    loader.load_data("endpoints")
    loader.load_data("partitions")


def _services(hook: type[Any]) -> Iterator[str]:
    """Yield the services of a hook and of the hooks that derive from it."""
    if "service" in vars(hook):
        yield hook.service
    subclasses: list[type[Any]] = hook.__subclasses__()
    for subclass in subclasses:
        yield from _services(subclass)


def main() -> None:
    """Load, then be `airflow scheduler`."""
    load()
    sys.argv = ["airflow", "scheduler", *sys.argv[1:]]
    importlib.import_module("airflow.__main__").main()


if __name__ == "__main__":
    main()
