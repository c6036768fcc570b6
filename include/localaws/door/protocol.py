"""The wire format: the operation of a request, its parameters, and the bytes of the reply.

moto's core routes, parses and serialises by the botocore models; it is used as a library for our
own operations too. Error replies are written here, in the protocol of each service.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from moto.core.parse import PROTOCOL_PARSERS
from moto.core.request import Request as MotoRequest
from moto.core.request import determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import NotFound

from localaws.kit.service import ServiceError

# Signing names that are not the botocore service's name.
SERVICE_OF_SIGNING_NAME = {"monitoring": "cloudwatch"}
ERROR_PROTOCOLS = ("json", "rest-json", "rest-xml", "query")
# Loading a service's model is slow; concurrent calls wait for the first one.
_LOADING = threading.Lock()
FEATURE_STORE_PATHS = ("/FeatureGroup/", "/BatchGetRecord", "/BatchWriteRecord")


@dataclass(frozen=True)
class Reply:
    """An HTTP reply: status, headers, body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Addressed:
    """The operation that a request addresses, before its parameters are read."""

    service: str
    operation: str
    model: Any  # moto.core.model.OperationModel
    url_params: dict[str, Any]
    protocol: str


class Wire(MotoRequest):
    """A request as moto's core needs it: normalised, with a body that can be read repeatedly."""

    from_wsgi_server = True


def service_of(signing_name: str, environ: dict[str, Any]) -> str:
    """Return the botocore service that a signed request addresses.

    All SageMaker services sign as `sagemaker`; the target header or the path tells them apart.
    """
    if signing_name != "sagemaker":
        return SERVICE_OF_SIGNING_NAME.get(signing_name, signing_name)
    path = str(environ.get("PATH_INFO", ""))
    if environ.get("HTTP_X_AMZ_TARGET"):
        return "sagemaker"
    if path.startswith(FEATURE_STORE_PATHS):
        return "sagemaker-featurestore-runtime"
    return "sagemaker-metrics" if path == "/BatchPutMetrics" else "sagemaker-runtime"


def address(service: str, request: Wire) -> Addressed:
    """Find the operation by the botocore model; UnsupportedOperation when there is none."""
    try:
        with _LOADING:
            model, router = get_service_model(service), get_service_router(service)
        protocol = determine_request_protocol(model, request.content_type)
        operation, url_params = router.match(request)
    except (NotFound, NotImplementedError):  # what moto raises for an operation that is in no model
        target = request.headers.get("X-Amz-Target") or f"{request.method} {request.path}"
        raise unsupported(service, target) from None
    except Exception as error:  # botocore has no such service
        raise unsupported(service, request.path) from error
    return Addressed(service, str(operation.name), operation, url_params, protocol)


def protocol_of(service: str, content_type: str) -> str:
    """Return the protocol of a request to a service; an empty string if it speaks no such one."""
    try:
        with _LOADING:
            return determine_request_protocol(get_service_model(service), content_type)
    except Exception:  # of botocore for an unknown service, of moto for an unknown content type
        return ""


def unsupported(service: str, operation: str) -> ServiceError:
    """Return the error of a call that the local AWS does not serve."""
    return ServiceError(
        "UnsupportedOperation",
        f"the local AWS does not support {service}:{operation}; "
        "docs/localaws.md lists what it does",
        501,
    )


def parse(addressed: Addressed, request: Wire) -> dict[str, Any]:
    """Read the parameters of a request as the botocore input shape names them.

    Raise SerializationException for a body that does not follow the protocol.
    """
    parser = PROTOCOL_PARSERS[addressed.protocol](addressed.model)
    try:
        parsed: dict[str, Any] = parser.parse(
            {
                "method": request.method,
                "values": request.values,
                "headers": request.headers,
                "body": request.get_data(),
                "url_path": request.path,
                "url_params": addressed.url_params,
            }
        )
    except Exception as error:
        raise ServiceError(
            "SerializationException", f"the request cannot be read: {error}"
        ) from error
    shape = addressed.model.input_shape
    for name, member in shape.members.items() if shape else ():
        # moto's parser gives an empty list for a query list that was not sent
        if member.serialization.get("location") == "querystring" and parsed.get(name) == []:
            del parsed[name]
    return parsed


def serialise(addressed: Addressed, result: dict[str, Any]) -> Reply:
    """Write a result in the operation's protocol."""
    serializer = get_serializer_class(addressed.service, addressed.protocol)(addressed.model)
    reply = serializer.serialize(result)
    body = reply["body"]
    headers = [(str(name), str(value)) for name, value in reply["headers"].items()]
    shape = addressed.model.output_shape
    for name, member in shape.members.items() if shape else ():
        # moto's serializer sets Content-Type itself, over an output member of that location
        header = member.serialization.get("name", name)
        if member.serialization.get("location") == "header" and result.get(name) is not None:
            headers = [h for h in headers if h[0].lower() != header.lower()]
            headers.append((header, str(result[name])))
    return Reply(reply["status_code"], headers, body if isinstance(body, bytes) else body.encode())


def error_of(reply: Reply) -> ServiceError:
    """Read the error in a reply of any protocol."""
    text = reply.body.decode("utf-8", "replace")
    code = re.search(r"<Code>([^<]+)</Code>|\"(?:__type|code)\":\s*\"([^\"]+)\"", text)
    message = re.search(r"<Message>([^<]*)</Message>|\"[mM]essage\":\s*\"([^\"]*)\"", text)
    name = (code[1] or code[2]).rsplit("#", 1)[-1] if code else str(reply.status)
    return ServiceError(name, (message[1] or message[2] or "") if message else "", reply.status)


def error_reply(
    service: str, error: ServiceError, request_id: str, content_type: str = ""
) -> Reply:
    """Write an error in the protocol of the request, or of the service when that is unknown."""
    protocol = _protocol_of_errors(service, content_type)
    if protocol in ("json", "rest-json"):
        document = {"__type": error.code, "message": error.message, "Message": error.message}
        document |= getattr(error, "members", {})
        headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-ErrorType", error.code)]
        return Reply(error.status, headers, json.dumps(document).encode())
    code, message = escape(error.code), escape(error.message)
    detail = f"<Code>{code}</Code><Message>{message}</Message>"
    if protocol == "rest-xml":
        body = f"<Error>{detail}<RequestId>{request_id}</RequestId></Error>"
    else:
        kind = "Sender" if error.status < 500 else "Receiver"
        body = (
            f"<ErrorResponse><Error><Type>{kind}</Type>{detail}</Error>"
            f"<RequestId>{request_id}</RequestId></ErrorResponse>"
        )
    return Reply(error.status, [("Content-Type", "text/xml")], body.encode())


def _protocol_of_errors(service: str, content_type: str) -> str:
    try:
        model = get_service_model(service)
    except Exception:  # an unknown service gets a JSON reply
        return "json"
    spoken = model.metadata.get("protocols", [model.protocol])
    if content_type.startswith("application/x-www-form-urlencoded") and "query" in spoken:
        return "query"
    # botocore's order of preference, for services with several protocols (CloudWatch)
    return next(
        (protocol for protocol in ERROR_PROTOCOLS if protocol in spoken), str(model.protocol)
    )
