"""The one base of Causeway's AWS hooks: a client of one service through one Airflow connection.

Importing this module loads boto3 and costs about 400 ms: operators and triggers import tasks and
hooks when they run. Building a hook assumes a role (100 ms), a call on the built client takes 3 ms:
build one per connection and service in a task, never one in a loop.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import Any, ClassVar

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from causeway.digests import sha256
from causeway.errors import CausewayError
from causeway_airflow.hooks.sessions import SharedSessions, making_clients, once

MISSING_CODES = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NoSuchEntity",
        "NoSuchKey",
        "NotFound",
        "NotFoundException",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "UnknownResourceException",
    }
)
MISSING_WORDS = re.compile(r"could not find|cannot find|not found|does not exist", re.IGNORECASE)
DENIED_CODES = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AccessForbidden",
        "AuthFailure",
        "AuthorizationError",
        "ExpiredToken",
        "ExpiredTokenException",
        "Forbidden",
        "403",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)
EXISTS_CODES = frozenset(
    {"AlreadyExistsException", "ConflictException", "ResourceInUse", "ResourceInUseException"}
)
TRANSIENT_CODES = frozenset(
    {
        "ConditionalRequestConflict",  # S3: somebody else is writing the same key just now
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServerInternalException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
        "500",
        "502",
        "503",
        "504",
    }
)


class AwsCallError(CausewayError):
    """An AWS call that was refused or failed for good.

    `code` is AWS's error code and `text` its message; `missing`, `exists`, `denied` and
    `conditional` say which kind it is, so that a caller never compares messages.
    """

    def __init__(
        self,
        what: str,
        *,
        code: str,
        text: str = "",
        principal: str | None = None,
        next_step: str | None = None,
    ) -> None:
        super().__init__(what, principal=principal, next_step=next_step)
        self.code = code
        self.text = text

    @property
    def missing(self) -> bool:
        """Whether the thing named does not exist.

        SageMaker answers Describe of a missing job, model or endpoint with a ValidationException,
        CloudFormation with a ValidationError: there, only the wording tells.
        """
        worded = self.code in {"ValidationException", "ValidationError", "ValidationFailed"}
        return self.code in MISSING_CODES or (worded and bool(MISSING_WORDS.search(self.text)))

    @property
    def exists(self) -> bool:
        """Whether a thing of that name is there already."""
        worded = self.code in {"ValidationException", "ValidationError"}
        return self.code in EXISTS_CODES or (worded and "already exist" in self.text.lower())

    @property
    def denied(self) -> bool:
        """Whether the principal may not do this."""
        return self.code in DENIED_CODES

    @property
    def conditional(self) -> bool:
        """Whether the condition of a conditional write did not hold."""
        if self.code == "TransactionCanceledException":  # its text names a reason for each item
            return "ConditionalCheckFailed" in self.text
        return self.code in {"ConditionalCheckFailedException", "PreconditionFailed", "412"}


class AwsTransientError(AwsCallError):
    """An AWS call that failed for a reason that may pass: throttling, an outage, the network."""

    retryable = True


class CausewayHook(AwsBaseHook):
    """A client of `service` that acts with one Airflow connection.

    :param aws_conn_id: `causeway_<account role>_<duty>`
    :param region_name: the region; the connection's own when None
    """

    service: ClassVar[str]

    def __init__(self, aws_conn_id: str, region_name: str | None = None) -> None:
        super().__init__(
            aws_conn_id=aws_conn_id,
            region_name=region_name,
            client_type=self.service,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": 5},
                connect_timeout=5,
                read_timeout=60,
                tcp_keepalive=True,
                max_pool_connections=16,
            ),
        )

    def get_session(self, region_name: str | None = None, deferrable: bool = False) -> Any:
        """Return the session of this connection that the hooks of a process share."""
        config = self.conn_config
        sessions = SharedSessions(conn=config, region_name=region_name, config=self.config)
        content = json.dumps([config.login, config.password, config.extra_config], default=str)
        connection = (self.aws_conn_id, sha256(content), region_name, deferrable)
        return once(connection, lambda: sessions.create_session(deferrable=deferrable))

    def _get_caller(self, target_function_name: str = "execute") -> str:
        """Return the `Caller` of the user agent.

        The provider looks for the operator's class on the stack and to that end resolves the path
        of every module there is: a quarter of a second of CPU in each task (provider 9.39.0).
        """
        return "Causeway"

    @cached_property
    def client(self) -> Any:
        """The boto3 client, made once.

        Raises `AwsCallError` when the connection is not defined (the provider would go on with
        whatever credentials the process has) or its role cannot be assumed.
        """
        if not self.conn_config:
            raise AwsCallError(
                f"there is no Airflow connection {self.aws_conn_id}",
                code="NoConnection",
                next_step="Define it with role_arn and region_name; see the topology.",
            )
        try:
            self.get_session()  # which may call STS; the lock is for what does not wait
            with making_clients:
                return self.get_conn()
        except ClientError as error:
            raise self._translated("assume_role", {"role_arn": self.principal}, error) from error
        except BotoCoreError as error:
            raise AwsTransientError(
                f"cannot get credentials: {error}",
                code=type(error).__name__,
                text=str(error),
                principal=self.principal,
                next_step="Check the network, the AWS config file and the connection, then re-run.",
            ) from error

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        """Call an operation by its snake_case name.

        Raises `AwsCallError`, which says what was called, with which connection and role, and what
        to do next.
        """
        client = self.client
        try:
            reply: dict[str, Any] = getattr(client, operation)(**params)
        except ClientError as error:
            raise self._translated(operation, params, error) from error
        except BotoCoreError as error:
            raise AwsTransientError(
                f"{self.service} {operation} did not reach AWS: {error}",
                code=type(error).__name__,
                text=str(error),
                principal=f"connection {self.aws_conn_id}",
                next_step="Check the network and the connection, then re-run.",
            ) from error
        return reply

    def pages(self, operation: str, key: str, **params: Any) -> list[Any]:
        """Return every item of a list operation, following NextToken to the end.

        Hand-rolled because several operations used here have no paginator, and some (RAM's
        invitations) answer an empty page that still carries a token.
        """
        items: list[Any] = []
        token: str | None = None
        token_name = "nextToken" if self.service == "ram" else "NextToken"
        for _ in range(1000):
            more = {token_name: token} if token else {}
            reply = self.call(operation, **params, **more)
            items.extend(reply.get(key, []))
            token = reply.get(token_name)
            if not token:
                return items
        raise CausewayError(
            f"{self.service} {operation} returned more than 1000 pages",
            principal=f"connection {self.aws_conn_id}",
            next_step="Narrow the request.",
        )

    def _translated(
        self, operation: str, params: dict[str, Any], error: ClientError
    ) -> AwsCallError:
        code = str(error.response.get("Error", {}).get("Code", "Unknown"))
        text = str(error.response.get("Error", {}).get("Message", ""))
        kind: type[AwsCallError]
        if code in TRANSIENT_CODES:
            kind, step = AwsTransientError, "It may pass: the task retries within its bound."
        elif code in DENIED_CODES:
            kind, step = AwsCallError, "Check the role's policy and the resource share, re-run."
        else:
            kind, step = AwsCallError, "Fix the cause and re-run the task."
        return kind(
            f"{self.service} {operation} on {_subject(params)}: {code}: {text}",
            code=code,
            text=text,
            principal=self.principal,
            next_step=step,
        )

    @property
    def principal(self) -> str:
        """Who this hook acts as, for messages."""
        role = self.conn_config.role_arn
        return f"{role} through {self.aws_conn_id}" if role else f"connection {self.aws_conn_id}"


def _subject(params: dict[str, Any]) -> str:
    """Name what a call was about, from its parameters, without printing bodies."""
    for name, value in params.items():
        if isinstance(value, str) and re.search(r"(name|arn|bucket|url|identifier)$", name, re.I):
            key = params.get("Key")
            return f"{name}={value}" + (f"/{key}" if isinstance(key, str) else "")
    return "(no name)"
