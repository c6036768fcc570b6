"""The entrance of the local AWS: every request is authenticated, authorised and served here.

Signature → principal → canonical form → operation → owner's account → authorisation → our handler
or moto. moto's own control API is not served: it would let a client act in any account.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

from localaws.cloudtrail.history import History
from localaws.door import bodies, control, fault_door, incoming, registrations, s3_requests
from localaws.door.protocol import (
    Addressed,
    Reply,
    Wire,
    address,
    error_of,
    error_reply,
    parse,
    protocol_of,
    serialise,
    service_of,
)
from localaws.door.routing import owner_of
from localaws.door.sigv4 import Request, Signature, read_signature, verify
from localaws.door.validation import validate
from localaws.engine import deliveries, dynamodb_tokens
from localaws.engine.applications import Engine
from localaws.identity import unsigned
from localaws.identity.authorisation.request import AuthorisationRequest
from localaws.kit.arns import is_arn, parse_arn
from localaws.kit.cloud import Cloud
from localaws.kit.service import Call, Operation, Principal, Service, ServiceError
from localaws.sagemaker.mlflow import tracking_door

log = logging.getLogger(__name__)
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
STATUS_TEXT = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found"}
# Names of authentication errors in JSON services (AWS "Common errors" of each API reference).
JSON_AUTH_CODES = {
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ExpiredToken": "ExpiredTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
}
S3_AUTH_CODES = {"InvalidClientTokenId": "InvalidAccessKeyId"}


class Gateway:
    """The WSGI application of the local AWS."""

    def __init__(self, cloud: Cloud, *, with_control: bool = False) -> None:
        self.cloud = cloud
        self._engine = Engine(cloud)
        self._with_control = with_control
        self._history = History.of(cloud)
        registrations.register()
        deliveries.install(cloud)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Serve one HTTP request (WSGI)."""
        request_id, method = secrets.token_hex(16), environ["REQUEST_METHOD"]
        # Not inside a `try`: an exception here closes the connection without a reply.
        reply = fault_door.after(self.cloud, environ, self._reply(environ, request_id))
        names = {name.lower() for name, _ in reply.headers}
        headers = [(n, v) for n, v in reply.headers if n.lower() not in ("connection", "date")]
        if "content-length" not in names and method != "HEAD":
            headers.append(("Content-Length", str(len(reply.body))))
        if not names & {"x-amzn-requestid", "x-amz-request-id"}:
            headers.append(("x-amzn-RequestId", request_id))
        start_response(f"{reply.status} {STATUS_TEXT.get(reply.status, 'Status')}", headers)
        return [reply.body] if method != "HEAD" else [b""]

    def _reply(self, environ: dict[str, Any], request_id: str) -> Reply:
        service = "s3"
        try:
            request = incoming.read(environ)
            signature = read_signature(request)
            service = service_of(signature.service, environ) if signature else "sts"
            if signature is None:
                raise unsigned.refusal(request)
            try:
                who = verify(request, signature, self.cloud.credentials, self.cloud.clock)
            except ServiceError as error:
                raise _in_words_of(service, error) from None
            if service == control.SERVICE:
                return control.serve(self.cloud, who.principal, request, self._with_control)
            if service == tracking_door.SERVICE:  # MLflow's own API, which is not in botocore
                return tracking_door.serve(self.cloud, environ, who.principal, request)
            return self._serve(service, environ, who.principal, signature, request)
        except ServiceError as error:
            return error_reply(service, error, request_id, environ.get("CONTENT_TYPE", ""))
        except RecursionError:
            deep = _too_deep(service)
            return error_reply(service, deep, request_id, environ.get("CONTENT_TYPE", ""))
        except Exception:
            log.exception("%s %s failed", environ["REQUEST_METHOD"], environ.get("PATH_INFO"))
            failure = ServiceError("InternalFailure", "the local AWS failed; see its log", 500)
            return error_reply(service, failure, request_id, environ.get("CONTENT_TYPE", ""))

    def _serve(
        self,
        service: str,
        environ: dict[str, Any],
        caller: Principal,
        signature: Signature,
        request: Request,
    ) -> Reply:
        """Serve an authenticated call: `environ` becomes the canonical form of its request."""
        host = self.cloud.endpoint.rpartition("/")[2]
        addressed, request, params = _canonical(service, environ, signature, request, host)
        fault_door.before(self.cloud, environ, service, addressed.operation, caller)
        validate(addressed, params)
        own = Service.find(service, addressed.operation)
        if own is not None:
            account = _owner(own[1], params, caller.account)
        else:
            account = owner_of(service, params, caller.account, self.cloud.account_ids())
        authorisation = AuthorisationRequest(
            service=service,
            operation=addressed.operation,
            params=params,
            caller=caller,
            account=account,
            region=signature.region,
            stores=self.cloud,
            headers=request.headers,
            query=dict(parse_qsl(request.raw_query, keep_blank_values=True)),
            presigned=signature.presigned,
        )
        try:
            if service != "sts":  # its handlers check the trust policy of the role as well
                self.cloud.authoriser.authorise(authorisation)
            if own is None:
                reply = dynamodb_tokens.once(
                    self.cloud,
                    account,
                    self.cloud.region,
                    addressed.operation,
                    params,
                    lambda: self._engine.serve(addressed, environ, authorisation),
                )
            else:
                reply = self._handle(addressed, authorisation, *own)
        except ServiceError as error:
            self._history.record(self.cloud, authorisation, error)
            raise
        self._history.record(
            self.cloud, authorisation, error_of(reply) if reply.status >= 400 else None
        )
        self.cloud.conformance.look(addressed, reply)
        return reply

    def _handle(
        self,
        addressed: Addressed,
        authorisation: AuthorisationRequest,
        owner: Service,
        operation: Operation,
    ) -> Reply:
        """Serve a call with one of our handlers; the resource it names must be in this region."""
        target = authorisation.params.get(operation.resource) if operation.resource else None
        region = parse_arn(str(target)).region if is_arn(target) else ""
        if region and region != authorisation.region:
            raise ServiceError(
                "ValidationException",
                f"The resource {target} is in region {region}; "
                f"this call went to {authorisation.region}",
            )
        call = Call(
            service=authorisation.service,
            operation=authorisation.operation,
            params=dict(authorisation.params),
            account=authorisation.account,
            region=authorisation.region,
            caller=authorisation.caller,
            _host=self.cloud,
        )
        if not operation.locked:
            return serialise(addressed, operation.handler(call))
        with owner.lock:
            return serialise(addressed, operation.handler(call))


def _owner(operation: Operation, params: dict[str, Any], caller: str) -> str:
    """Return the account in which a handler serves: the owner of the resource, or the caller's."""
    target = params.get(operation.resource) if operation.resource else None
    return (parse_arn(str(target)).account if is_arn(target) else "") or caller


def _canonical(
    service: str, environ: dict[str, Any], signature: Signature, request: Request, host: str
) -> tuple[Addressed, Request, dict[str, Any]]:
    """Return the operation, the request in canonical form, and its parameters."""
    if service == "s3":
        request = s3_requests.with_one_reading(request)
        # The bucket may be in the host's name.
        incoming.hand_on(environ, request, signature, request.headers.get("host", host))
        addressed = address(service, Wire(environ))
        request, params = s3_requests.of_operation(addressed, request)
        incoming.hand_on(environ, request, signature, host)
        return addressed, request, params
    request = bodies.unpacked(request)
    protocol = protocol_of(service, request.headers.get("content-type", ""))
    queue = bodies.queue_of(service, request, host)
    params = {}
    if protocol == "query":
        request = bodies.of_query(request, queue)
    elif protocol == "json":
        request, params = bodies.of_json(request, queue)
    incoming.hand_on(environ, request, signature, host)
    wire = Wire(environ)
    addressed = address(service, wire)
    if protocol != "json" or Service.find(service, addressed.operation) is not None:
        params = parse(addressed, wire)
    environ["wsgi.input"].seek(0)
    return addressed, request, params


def _too_deep(service: str) -> ServiceError:
    code = "ValidationError" if protocol_of(service, "") == "query" else "ValidationException"
    return ServiceError(code, "The request, or a document in it, is nested too deeply")


def _in_words_of(service: str, error: ServiceError) -> ServiceError:
    if service == "s3":
        return ServiceError(S3_AUTH_CODES.get(error.code, error.code), error.message, error.status)
    if service in ("iam", "sts", "cloudformation", "sns", "cloudwatch"):
        return error
    return ServiceError(JSON_AUTH_CODES.get(error.code, error.code), error.message, error.status)
