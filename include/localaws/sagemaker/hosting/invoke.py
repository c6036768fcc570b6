"""InvokeEndpoint: passes a request to a variant's model server and returns its answer."""

from __future__ import annotations

import time
from typing import Any

from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.hosting.endpoint_store import Endpoint, EndpointStore
from localaws.sagemaker.hosting.fleet import Fleet
from localaws.sagemaker.hosting.invocation_metrics import record
from localaws.sagemaker.hosting.model_server import Answer
from localaws.sagemaker.machine.failures import unsupported_option

runtime = Service.named("sagemaker-runtime")
REFUSED = ("TargetModel", "TargetContainerHostname", "InferenceComponentName", "SessionId")


class ModelFailedError(ServiceError):
    """ModelError (424): the model, not SageMaker, failed."""

    def __init__(self, status: int, said: str, group: str, account: str) -> None:
        side = "client" if 400 <= status < 500 else "server"
        super().__init__(
            "ModelError",
            f'Received {side} error ({status}) from primary with message "{said}". '
            f"See the CloudWatch log group {group} in account {account} for more information.",
            424,
        )
        self.members = {
            "OriginalStatusCode": status,
            "OriginalMessage": said,
            "LogStreamArn": f"arn:aws:logs:::log-group:{group}",
        }


def _serving(call: Call) -> tuple[Endpoint, Fleet]:
    name = call.params["EndpointName"]
    endpoint = call.store(EndpointStore).find(name)
    fleet = endpoint.live.fleet if endpoint and endpoint.status != "Deleting" else None
    if endpoint is None or fleet is None:
        raise ServiceError(
            "ValidationError", f"Endpoint {name} of account {call.account} not found."
        )
    return endpoint, fleet


def _ask(call: Call) -> tuple[str, Answer]:
    params = call.params
    while True:
        endpoint, fleet = _serving(call)
        variant, server = fleet.choose(params.get("TargetVariant"))
        group = server.log.group
        started = time.monotonic()
        try:
            answer = server.invoke(
                params.get("Body", b""),
                params.get("ContentType"),
                params.get("Accept"),
                params.get("CustomAttributes"),
            )
            record(call, variant, answer.status, started)
            return variant, answer
        except TimeoutError as error:
            record(call, variant, 0, started)
            said = "Your invocation timed out while waiting for a response from container primary."
            raise ModelFailedError(0, said, group, call.account) from error
        except OSError as error:
            # The server was replaced after it was chosen: try its successor.
            if endpoint.live.fleet is not fleet:
                continue
            if isinstance(error, ConnectionRefusedError):  # it ended, and is being replaced
                record(call, variant, 503, started)
                raise ServiceError(
                    "ServiceUnavailable",
                    f"Endpoint {endpoint.name}, variant {variant}: no instance serves",
                    503,
                ) from error
            record(call, variant, 500, started)
            raise ModelFailedError(500, f"model server: {error}", group, call.account) from error


@runtime.operation("InvokeEndpoint", locked=False)
def invoke_endpoint(call: Call) -> dict[str, Any]:
    """Return the answer of a variant of the endpoint; ModelError if its model fails."""
    for option in REFUSED:
        if call.params.get(option):
            raise unsupported_option(f"{option} of InvokeEndpoint")
    variant, answer = _ask(call)
    if answer.status != 200:
        said = answer.body.decode("utf-8", errors="replace")[:2000]
        group = f"/aws/sagemaker/Endpoints/{call.params['EndpointName']}"
        raise ModelFailedError(answer.status, said, group, call.account)
    reply = {
        "Body": answer.body,
        "ContentType": answer.content_type,
        "InvokedProductionVariant": variant,
    }
    if answer.custom_attributes:
        reply["CustomAttributes"] = answer.custom_attributes
    return reply
