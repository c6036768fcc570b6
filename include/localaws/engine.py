"""moto behind our own door: which of its services are served, and in which account.

The account is ours to choose, call by call; nothing a client sends reaches moto's own ways of
choosing one.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import threading
from functools import cache
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from localaws import s3_conditions
from localaws.protocol import Addressed, Reply, unsupported
from localaws.service import ServiceError

log = logging.getLogger(__name__)

# botocore service -> moto module. Anything else is refused, not half-served.
SERVED = {
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "ecr": "ecr",
    "events": "events",
    "iam": "iam",
    "kms": "kms",
    "logs": "logs",
    "s3": "s3",
    "sns": "sns",
    "sqs": "sqs",
}
# Where moto checks and then acts, or copies a whole table, without a lock: concurrent calls lose
# updates and fail ("dictionary changed size during iteration", moto 5.2.5). In one account these
# services serve one call at a time.
ONE_AT_A_TIME = frozenset({"dynamodb", "s3"})


@cache
def operations(service: str) -> frozenset[str]:
    """Return the operations (snake case) that moto's module of a service has."""
    module = importlib.import_module(f"moto.{SERVED[service]}.responses")
    classes = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, BaseResponse) and item is not BaseResponse
    ]
    return frozenset(name for item in classes for name in dir(item) if not name.startswith("_"))


class Engine:
    """moto's WSGI applications, one a service.

    moto's state is global to the process: a new engine starts with none, and a process holds one.
    """

    def __init__(self) -> None:
        BackendDict.reset()
        reset_model_data()
        _leave_bucket_policies_to_the_gateway()
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        self._lock = threading.Lock()
        self._turns: dict[tuple[str, str], threading.RLock] = {}

    def serve(self, addressed: Addressed, environ: dict[str, Any], account: str) -> Reply:
        """Have moto serve a call in `account`; UnsupportedOperation for what it lacks."""
        service, operation = addressed.service, addressed.operation
        if service not in SERVED:
            raise unsupported(service, operation)
        # S3's methods are not named after its operations; moto itself refuses those it lacks.
        if service != "s3" and camelcase_to_underscores(operation) not in operations(service):
            raise unsupported(service, operation)
        inner = dict(environ)
        inner["HTTP_X_MOTO_ACCOUNT_ID"] = account
        replied: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            replied[:] = [int(status.split(" ", 1)[0]), headers]
            return None

        try:
            with self._lock:  # the dispatcher builds a service's application on its first call
                application = self._dispatcher.get_application(inner)
            with self._turn(service, account):
                if service == "s3":
                    s3_conditions.check(addressed, inner)
                body = b"".join(application(inner, start_response))
        except NotImplementedError as error:
            raise unsupported(service, operation) from error
        except ServiceError:
            raise
        except Exception as error:
            log.exception("%s:%s failed inside moto", service, operation)
            raise ServiceError(
                "InternalFailure", f"{service}:{operation} failed in the local AWS: {error}", 500
            ) from error
        status, headers = replied
        if status >= 500 and "html" in dict(headers).get("Content-Type", ""):
            raise unsupported(service, operation)
        return Reply(status, headers, body)

    def _turn(self, service: str, account: str) -> contextlib.AbstractContextManager[Any]:
        if service not in ONE_AT_A_TIME:
            return contextlib.nullcontext()
        with self._lock:
            return self._turns.setdefault((service, account), threading.RLock())


def _leave_bucket_policies_to_the_gateway() -> None:
    """Keep moto from judging S3 calls: it ignores conditions, so a "TLS only" denial denies all."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    def permitted(_bucket: Any, _action: str, _resource: str) -> PermissionResult:
        return PermissionResult.PERMITTED

    FakeBucket.get_permission = permitted  # type: ignore[assignment, method-assign]
