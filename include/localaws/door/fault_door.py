"""Applies faults to requests: refuses calls, changes replies and drops connections."""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import signal
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.core.utils import get_service_model

from localaws.door.faults import Faults, Rule
from localaws.door.protocol import Reply, error_reply
from localaws.kit.arns import parse_arn
from localaws.kit.service import Principal, ServiceError

if TYPE_CHECKING:
    from localaws.kit.capabilities import TimedStores

log = logging.getLogger(__name__)
CALL = "localaws.door.faults"  # key of the call in the request's WSGI environment
READS = re.compile(r"(Describe|Get|List|Search|BatchGet|BatchDescribe|Query)")
ARN = re.compile(r'"(arn:aws:[^"]+)"')


@dataclass
class Hidden:
    """The ARNs of resources that are not visible yet, and until when."""

    until: dict[str, datetime] = field(default_factory=dict)

    def at(self, now: datetime) -> set[str]:
        """Return the ARNs that are hidden at a time, and forget those that are visible again."""
        self.until = {arn: end for arn, end in self.until.items() if end > now}
        return set(self.until)


def before(
    aws: TimedStores, environ: dict[str, Any], service: str, operation: str, caller: Principal
) -> None:
    """Raise the fault that refuses this call, if any; otherwise remember the call for `after`.

    Calls that an AWS service makes itself (a job that downloads its data) are throttled and failed
    like any other: the service tries again, and the job fails when that does not help. Other faults
    do not apply to them: their process is the local AWS, and it renews its credentials itself.
    """
    faults = Faults.of(aws)
    if not faults.active:
        return
    if error := faults.before(service, operation, caller):
        raise error
    if caller.service:
        return
    environ[CALL] = (service, operation, caller)


def after(aws: TimedStores, environ: dict[str, Any], reply: Reply) -> Reply:
    """Return the reply for the caller.

    Raises:
        ConnectionResetError: there is no reply; the server closes the connection.
    """
    call = environ.get(CALL)
    if call is None or reply.status >= 300:
        return reply
    service, operation, caller = call
    rule = Faults.of(aws).after(service, operation, caller)
    if rule is not None and rule.kind == "delayed_visibility":
        _hide(aws, rule, reply)
    elif rule is not None:
        if rule.kind == "die_after":
            _end_caller(environ, f"{service}:{operation}")
        time.sleep(rule.seconds)
        raise ConnectionResetError(errno.ECONNRESET, f"fault {rule.identity}: {rule.kind}")
    elif READS.match(operation):
        return _without_hidden(aws, environ, reply, service, operation, caller)
    return reply


def _hidden(aws: TimedStores) -> Hidden:
    return aws.store(Hidden, "aws", "aws-global")


def _hide(aws: TimedStores, rule: Rule, reply: Reply) -> None:
    until = aws.clock.now() + timedelta(seconds=rule.seconds)
    for arn in ARN.findall(reply.body.decode(errors="replace")):
        _hidden(aws).until[arn] = until


def _without_hidden(
    aws: TimedStores,
    environ: dict[str, Any],
    reply: Reply,
    service: str,
    operation: str,
    caller: Principal,
) -> Reply:
    """Remove hidden resources from a JSON reply; a call that names one gets a not-found error."""
    hidden = _hidden(aws).at(aws.clock.now())
    if not hidden:
        return reply
    environ["wsgi.input"].seek(0)
    text = environ["wsgi.input"].read().decode(errors="replace")
    text += f'"{environ.get("PATH_INFO", "").split("/")[-1]}"'
    for arn in hidden:
        resource = parse_arn(arn)
        named = resource.account == caller.account and f'"{resource.resource_id}"' in text
        if resource.service.startswith(service[:4]) and (f'"{arn}"' in text or named):
            return error_reply(service, _not_found(service, operation, arn), "delayed")
    try:
        document = json.loads(reply.body)
    except ValueError:
        return reply
    for name, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, list):
            document[name] = [item for item in value if not _shows(item, hidden)]
    body = json.dumps(document).encode()
    headers = [(n, v) for n, v in reply.headers if n.lower() != "content-length"]
    return Reply(reply.status, headers, body)


def _shows(item: Any, hidden: set[str]) -> bool:
    return any(f'"{arn}"' in json.dumps(item) for arn in hidden)


def _not_found(service: str, operation: str, arn: str) -> ServiceError:
    model = get_service_model(service).operation_model(operation)
    named = [str(shape.name) for shape in model.error_shapes]
    kinds = [name for name in named if re.search("NotFound|UnknownResource|NoSuch", name)]
    return ServiceError(kinds[0] if kinds else "ValidationException", f"{arn} does not exist.")


def _end_caller(environ: dict[str, Any], what: str) -> None:
    """Kill the process of the caller (SIGKILL) before it notices the dropped connection."""
    import psutil

    port, caller_port = int(environ["SERVER_PORT"]), int(environ.get("REMOTE_PORT") or 0)
    for connection in psutil.net_connections(kind="tcp"):
        ends = (
            connection.laddr.port if connection.laddr else 0,
            connection.raddr.port if connection.raddr else 0,
        )
        if ends == (caller_port, port) and connection.pid:
            if connection.pid == os.getpid():
                log.error("%s: the caller is the process of the local AWS; it is not ended", what)
                return
            log.warning("%s took effect; ending the calling process %d", what, connection.pid)
            os.kill(connection.pid, signal.SIGKILL)
            return
    log.error("%s: no process found behind port %d", what, caller_port)
