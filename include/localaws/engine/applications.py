"""moto behind our gateway: which of its services are served, and in which account.

The gateway chooses the account of every call. A client cannot use moto's own ways to choose one.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import threading
from functools import cache
from typing import Any

from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.responses import BaseResponse
from moto.core.utils import camelcase_to_underscores
from moto.moto_server.werkzeug_app import create_backend_app

from localaws.door.protocol import Addressed, Reply, Wire, parse, unsupported
from localaws.engine import (
    corrections,
    key_states,
    queue_turns,
    s3_conditions,
    s3_objects,
    table_partitions,
    table_transactions,
)
from localaws.identity.authorisation.request import AuthorisationRequest
from localaws.kit.capabilities import Host
from localaws.kit.service import ServiceError

log = logging.getLogger(__name__)

# botocore service -> moto module. Anything else is refused.
SERVED: dict[str, Any] = {
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
# In these services moto checks and then acts, or copies a whole table, without a lock: concurrent
# calls lose updates and fail ("dictionary changed size during iteration", moto 5.2.5). They serve
# one call at a time in each account.
ONE_AT_A_TIME = frozenset({"dynamodb", "s3"})


@cache
def operations(service: str) -> frozenset[str]:
    """Return the operations (in snake case) that moto implements for a service."""
    module = importlib.import_module(f"moto.{SERVED[service]}.responses")
    classes = [
        item
        for item in vars(module).values()
        if isinstance(item, type) and issubclass(item, BaseResponse) and item is not BaseResponse
    ]
    return frozenset(name for item in classes for name in dir(item) if not name.startswith("_"))


class Engine:
    """moto's WSGI applications, one for each service.

    moto's state is global to the process. A new engine clears it, so a process can have only one.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        _read_managed_policies_once()
        BackendDict.reset()
        reset_model_data()
        _leave_bucket_policies_to_the_gateway()
        queue_turns.install()
        table_partitions.install()
        table_transactions.install()
        key_states.install()
        s3_objects.store_forms_as_they_are()
        self._applications: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._turns: dict[tuple[str, str], threading.RLock] = {}

    def serve(
        self, addressed: Addressed, environ: dict[str, Any], request: AuthorisationRequest
    ) -> Reply:
        """Serve a call in its account; UnsupportedOperation for an operation that moto lacks."""
        service, operation = addressed.service, addressed.operation
        if service not in SERVED:
            raise unsupported(service, operation)
        # S3's methods are not named after operations; moto itself refuses those it lacks.
        if service != "s3" and camelcase_to_underscores(operation) not in operations(service):
            raise unsupported(service, operation)
        with self._turn(service, request.account):
            if not corrections.concern(addressed):
                return self._moto(addressed, environ, request.account)
            params = parse(addressed, Wire(environ))
            environ["wsgi.input"].seek(0)
            call = corrections.call_of(self._host, request, params)
            return corrections.serve(call, lambda: self._moto(addressed, environ, request.account))

    def _moto(self, addressed: Addressed, environ: dict[str, Any], account: str) -> Reply:
        service, operation = addressed.service, addressed.operation
        inner = dict(environ)
        inner["HTTP_X_MOTO_ACCOUNT_ID"] = account
        replied: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: Any = None) -> Any:
            replied[:] = [int(status.split(" ", 1)[0]), headers]
            return None

        try:
            application = self._application(service)
            if service == "s3":
                s3_conditions.check(addressed, inner)
            body = b"".join(application(inner, start_response))
        except NotImplementedError as error:  # what moto raises for an operation that it lacks
            raise unsupported(service, operation) from error
        except (ServiceError, RecursionError):  # the gateway refuses what is nested too deeply
            raise
        except Exception as error:
            log.exception("%s:%s failed inside moto", service, operation)
            raise ServiceError(
                "InternalFailure", f"{service}:{operation} failed in the local AWS: {error}", 500
            ) from error
        status, headers = replied
        if status >= 500 and "html" in dict(headers).get("Content-Type", ""):
            raise unsupported(service, operation)
        return _without_nulls(Reply(status, headers, body), addressed.protocol)

    def _application(self, service: str) -> Any:
        """Return a service's application, built at its first call.

        moto's dispatcher would derive it from each request, and list moto's folder every time
        (moto 5.2.5).
        """
        with self._lock:
            if service not in self._applications:
                self._applications[service] = create_backend_app(SERVED[service])
            return self._applications[service]

    def _turn(self, service: str, account: str) -> contextlib.AbstractContextManager[Any]:
        if service not in ONE_AT_A_TIME:
            return contextlib.nullcontext()
        with self._lock:
            return self._turns.setdefault((service, account), threading.RLock())


def _leave_bucket_policies_to_the_gateway() -> None:
    """Turn off moto's own check of S3 calls: it ignores conditions, so "TLS only" denies all."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    def permitted(_bucket: Any, _action: str, _resource: str) -> PermissionResult:
        return PermissionResult.PERMITTED

    FakeBucket.get_permission = permitted  # type: ignore[assignment, method-assign]


def _without_nulls(reply: Reply, protocol: str) -> Reply:
    """Remove null members from a JSON reply: AWS leaves such members out, moto writes null."""
    if protocol not in ("json", "rest-json") or b"null" not in reply.body:
        return reply
    try:
        document = json.loads(reply.body, object_pairs_hook=_with_value)
    except ValueError:
        return reply
    headers = [(name, text) for name, text in reply.headers if name.lower() != "content-length"]
    return Reply(reply.status, headers, json.dumps(document).encode())


def _with_value(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in pairs if value is not None}


@cache
def _managed_policies(region: str) -> tuple[Any, ...]:
    """Return AWS's managed policies, which moto reads from 6 MB of JSON."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.models import AWSManagedPolicy

    return tuple(
        AWSManagedPolicy.from_data(name, "aws", region, data)
        for name, data in json.loads(aws_managed_policies_data).items()
    )


def _read_managed_policies_once() -> None:
    """Give every account its own copy of the managed policies without reading them again.

    moto reads them once for each account, which takes 0.2 s each time (moto 5.2.5).
    """
    from moto.iam.models import AWSManagedPolicy, IAMBackend

    def policies(backend: Any) -> list[Any]:
        policies = []
        for read in _managed_policies(backend.region_name):
            policy = AWSManagedPolicy.__new__(AWSManagedPolicy)
            policy.__dict__.update(read.__dict__, account_id=backend.account_id)
            policies.append(policy)
        return policies

    IAMBackend._init_aws_policies = policies  # type: ignore[assignment, method-assign]
