"""Endpoints answer with the model that was deployed, and keep answering while they change."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.kit.delays import Delays
from localaws.sagemaker.machine.processes import ProcessTable
from tests.localaws.sagemaker.work import Workshop
from tests.localaws.waiting import eventually
from tests.refusals import refused

ECHO = """
import os, sys
def model_fn(model_dir):
    return os.environ.get("ANSWER", "{name}")
def input_fn(text, content_type):
    if text == "bad":
        error = ValueError("row 1, column 'age': 'x' is not a number")
        error.status_code = 400
        raise error
    if text == "crash":
        raise RuntimeError("out of luck")
    if text == "die":
        os._exit(3)
    return text
def predict_fn(data, model):
    return model + ":" + data
def output_fn(prediction, accept):
    return prediction, accept
"""
ONCE = """
def model_fn(model_dir):
    try:
        open(os.path.join(model_dir, "loaded"), "x").close()
    except FileExistsError:
        raise RuntimeError("it loads once only") from None
"""
BROKEN = "def model_fn(model_dir):\n    raise ValueError('the model has no trees')\n"


def echo(name: str) -> dict[str, str]:
    return {"inference.py": ECHO.replace("{name}", name)}


def deploy(workshop: Workshop, name: str) -> dict[str, Any]:
    """Make a model, a config and an endpoint of that name and wait until it is settled."""
    workshop.model(name, echo(name))
    return workshop.deploy(name)


def gone(workshop: Workshop, name: str) -> bool:
    try:
        workshop.sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        assert "Could not find endpoint" in str(error)
        return True
    return False


def test_endpoint_answers_with_the_deployed_model(workshop: Workshop) -> None:
    described = deploy(workshop, "plain")
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "plain"
    [variant] = described["ProductionVariants"]
    assert (variant["CurrentWeight"], variant["CurrentInstanceCount"]) == (1.0, 1)
    reply = workshop.runtime.invoke_endpoint(
        EndpointName="plain", Body=b"1,2", ContentType="text/csv", Accept="text/plain"
    )
    assert reply["Body"].read() == b"plain:1,2"
    assert reply["InvokedProductionVariant"] == "plain"


def test_content_type_of_the_answer_is_the_models(workshop: Workshop) -> None:
    deploy(workshop, "typed")
    reply = workshop.runtime.invoke_endpoint(EndpointName="typed", Body=b"x", Accept="text/plain")
    assert reply["ContentType"] == "text/plain; charset=utf-8"
    # Of a request that accepts anything, the toolkit makes one that accepts JSON.
    for anything in ({}, {"Accept": "*/*"}):
        reply = workshop.runtime.invoke_endpoint(EndpointName="typed", Body=b"x", **anything)
        assert reply["ContentType"] == "application/json"


def test_variables_of_the_model_reach_the_script(workshop: Workshop) -> None:
    workshop.model("varied", echo("varied"), ANSWER="from the environment")
    workshop.deploy("varied")
    assert workshop.invoke("varied", "x") == "from the environment:x"


def test_error_of_the_script_is_a_500_whatever_it_carries(workshop: Workshop) -> None:
    deploy(workshop, "moody")
    client = workshop.runtime
    for body in (b"bad", b"crash"):  # the first has a status code of 400
        refusal = refused("ModelError", client.invoke_endpoint, EndpointName="moody", Body=body)
        assert refusal.status == 424
        assert "server error (500)" in refusal.message
        assert refusal.reply["OriginalStatusCode"] == 500
        assert "<title>500 Internal Server Error</title>" in refusal.reply["OriginalMessage"]
    assert eventually(lambda: _log(workshop, "moody", "RuntimeError: out of luck"), 10)
    assert workshop.invoke("moody", "fine") == "moody:fine"


def test_a_model_server_that_ended_fails_what_it_was_asked_and_is_started_again(
    workshop: Workshop,
) -> None:
    deploy(workshop, "mortal")
    refused("ModelError", workshop.runtime.invoke_endpoint, EndpointName="mortal", Body=b"die")
    eventually(lambda: _answers(workshop, "mortal"), 30)
    for _ in range(20):
        assert workshop.invoke("mortal", "x") == "mortal:x"
    assert _instances(workshop, "mortal") == 1
    ended = "the model server ended with status 3; it is started again"
    assert eventually(lambda: _log(workshop, "mortal", ended), 10)


def test_while_a_model_server_cannot_be_started_again_its_endpoint_says_so(
    workshop: Workshop,
) -> None:
    script = ECHO.replace("def model_fn(model_dir):", ONCE).replace("{name}", "once")
    workshop.model("once", {"inference.py": script})
    workshop.deploy("once")
    refused("ModelError", workshop.runtime.invoke_endpoint, EndpointName="once", Body=b"die")
    refusal = refused(
        "ServiceUnavailable", workshop.runtime.invoke_endpoint, EndpointName="once", Body=b"x"
    )
    assert refusal.status == 503
    eventually(lambda: _instances(workshop, "once") == 0, 10)
    workshop.sagemaker.delete_endpoint(EndpointName="once")
    eventually(lambda: gone(workshop, "once"), 30)


def _answers(workshop: Workshop, endpoint: str) -> bool:
    try:
        return bool(workshop.invoke(endpoint, "x"))
    except ClientError as error:
        assert error.response["Error"]["Code"] == "ServiceUnavailable"
        return False


def _instances(workshop: Workshop, endpoint: str) -> int:
    described = workshop.sagemaker.describe_endpoint(EndpointName=endpoint)
    assert described["EndpointStatus"] == "InService"
    return int(described["ProductionVariants"][0]["CurrentInstanceCount"])


def test_endpoint_that_is_not_there_is_a_validation_error(workshop: Workshop) -> None:
    client = workshop.runtime
    refusal = refused("ValidationError", client.invoke_endpoint, EndpointName="none", Body=b"x")
    assert "Endpoint none of account 222222222222 not found" in refusal.message


def test_requests_are_shared_by_weight_and_a_variant_can_be_asked_for(workshop: Workshop) -> None:
    for name in ("heavy", "light"):
        workshop.model(name, echo(name))
    workshop.config("weighted", {"heavy": 3, "light": 1})
    workshop.sagemaker.create_endpoint(EndpointName="weighted", EndpointConfigName="weighted")
    workshop.settled("weighted")
    answers = Counter(workshop.invoke("weighted", "x") for _ in range(12))
    assert answers == {"heavy:x": 9, "light:x": 3}
    assert workshop.invoke("weighted", "x", TargetVariant="light") == "light:x"
    refused(
        "ValidationError",
        workshop.runtime.invoke_endpoint,
        EndpointName="weighted",
        Body=b"x",
        TargetVariant="none",
    )


def test_model_that_does_not_load_fails_a_new_endpoint(workshop: Workshop) -> None:
    workshop.model("broken", {"inference.py": BROKEN})
    described = workshop.deploy("broken")
    assert described["EndpointStatus"] == "Failed"
    assert "the model has no trees" in described["FailureReason"]
    refusal = refused(
        "ValidationException",
        workshop.sagemaker.update_endpoint,
        EndpointName="broken",
        EndpointConfigName="broken",
    )
    assert "in status Failed" in refusal.message
    workshop.sagemaker.delete_endpoint(EndpointName="broken")
    eventually(lambda: gone(workshop, "broken"))


def test_missing_model_data_fails_the_endpoint(workshop: Workshop) -> None:
    workshop.model("lost", echo("lost"))
    workshop.s3.delete_object(Bucket=workshop.bucket, Key="models/lost/model.tar.gz")
    described = workshop.deploy("lost")
    assert described["EndpointStatus"] == "Failed"
    assert "NoSuchKey" in described["FailureReason"]


def test_update_swaps_to_the_new_config_without_a_gap(workshop: Workshop) -> None:
    deploy(workshop, "steady")
    workshop.model("steady-2", echo("steady-2"))
    workshop.config("steady-2", {"steady-2": 1})
    answers: list[str] = []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answers.append(workshop.invoke("steady", "x"))

    asking = threading.Thread(target=ask)
    asking.start()
    eventually(lambda: answers)
    before = set(ProcessTable.of(workshop.aws.cloud).alive())
    workshop.sagemaker.update_endpoint(EndpointName="steady", EndpointConfigName="steady-2")
    described = workshop.settled("steady")
    count = len(answers)
    eventually(lambda: len(answers) > count + 2)
    done.set()
    asking.join()
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == (
        "InService",
        "steady-2",
    )
    order = [answer for i, answer in enumerate(answers) if i == 0 or answers[i - 1] != answer]
    assert order == ["steady:x", "steady-2:x"]
    # The replaced server has ended.
    eventually(lambda: not before <= set(ProcessTable.of(workshop.aws.cloud).alive()))


def test_failed_update_is_in_service_on_the_old_config(workshop: Workshop) -> None:
    deploy(workshop, "safe")
    received = workshop.events("SageMaker Endpoint State Change")
    workshop.model("safe-broken", {"inference.py": BROKEN})
    workshop.config("safe-broken", {"safe-broken": 1})
    workshop.sagemaker.update_endpoint(EndpointName="safe", EndpointConfigName="safe-broken")
    described = workshop.settled("safe")
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointConfigName"] == "safe"
    assert "the model has no trees" in described["FailureReason"]
    assert "PendingDeploymentSummary" not in described
    assert workshop.invoke("safe", "x") == "safe:x"
    statuses = [event["detail"]["EndpointStatus"] for event in received()]
    assert statuses == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]


def test_log_goes_on_after_the_first_credentials_expired(workshop: Workshop) -> None:
    deploy(workshop, "leaving")
    workshop.aws.advance(13 * 3600)
    refused("ModelError", workshop.runtime.invoke_endpoint, EndpointName="leaving", Body=b"crash")
    assert eventually(lambda: _log(workshop, "leaving", "RuntimeError"), 10)


def test_config_and_model_may_be_deleted_while_they_serve(workshop: Workshop) -> None:
    deploy(workshop, "orphan")
    workshop.sagemaker.delete_endpoint_config(EndpointConfigName="orphan")
    workshop.sagemaker.delete_model(ModelName="orphan")
    assert workshop.sagemaker.describe_endpoint(EndpointName="orphan")["EndpointStatus"]
    assert workshop.invoke("orphan", "x") == "orphan:x"


def test_deleted_endpoint_is_gone_with_its_process_and_its_name_is_free(
    workshop: Workshop,
) -> None:
    before = set(ProcessTable.of(workshop.aws.cloud).alive())
    deploy(workshop, "brief")
    [pid] = set(ProcessTable.of(workshop.aws.cloud).alive()) - before
    refused(
        "ValidationException",
        workshop.sagemaker.create_endpoint,
        EndpointName="brief",
        EndpointConfigName="brief",
    )
    workshop.sagemaker.delete_endpoint(EndpointName="brief")
    eventually(lambda: gone(workshop, "brief"))
    assert not Path(f"/proc/{pid}").exists()
    workshop.sagemaker.create_endpoint(EndpointName="brief", EndpointConfigName="brief")
    assert workshop.settled("brief")["EndpointStatus"] == "InService"


def test_the_name_of_a_deleted_endpoint_is_taken_while_it_is_deleting(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On AWS an endpoint is `Deleting` for a while; CreateEndpoint is refused meanwhile."""
    monkeypatch.setattr(workshop.aws.cloud, "delays", Delays(endpoint_deletion=120))
    deploy(workshop, "departing")
    workshop.sagemaker.delete_endpoint(EndpointName="departing")
    described = workshop.sagemaker.describe_endpoint(EndpointName="departing")
    assert described["EndpointStatus"] == "Deleting"
    create = {"EndpointName": "departing", "EndpointConfigName": "departing"}
    refusal = refused("ValidationException", workshop.sagemaker.create_endpoint, **create)
    assert "Cannot create already existing endpoint" in refusal.message
    workshop.aws.advance(121)
    eventually(lambda: gone(workshop, "departing"))
    workshop.sagemaker.create_endpoint(**create)


def test_state_changes_are_events_with_tags(workshop: Workshop) -> None:
    received = workshop.events("SageMaker Endpoint State Change")
    workshop.model("heard", echo("heard"))
    workshop.config("heard", {"heard": 1})
    workshop.sagemaker.create_endpoint(
        EndpointName="heard",
        EndpointConfigName="heard",
        Tags=[{"Key": "version", "Value": "3"}],
    )
    workshop.settled("heard")
    details = [event["detail"] for event in received()]
    details = [detail for detail in details if detail["EndpointName"] == "heard"]
    assert [detail["EndpointStatus"] for detail in details] == ["CREATING", "IN_SERVICE"]
    assert details[1]["Tags"] == {"version": "3"}
    assert details[1]["EndpointConfigName"] == "heard"


def test_gradual_deployment_is_refused_not_ignored(workshop: Workshop) -> None:
    deploy(workshop, "gradual")
    canary = {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": {
                "Type": "CANARY",
                "WaitIntervalInSeconds": 60,
                "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": 10},
            }
        }
    }
    refusal = refused(
        "UnsupportedOperation",
        workshop.sagemaker.update_endpoint,
        EndpointName="gradual",
        EndpointConfigName="gradual",
        DeploymentConfig=canary,
    )
    assert "gradually" in refusal.message


def test_endpoints_are_listed(workshop: Workshop) -> None:
    deploy(workshop, "listed")
    reply = workshop.sagemaker.list_endpoints(NameContains="listed", StatusEquals="InService")
    assert [endpoint["EndpointName"] for endpoint in reply["Endpoints"]] == ["listed"]


def _log(workshop: Workshop, endpoint: str, words: str) -> str:
    """Return the line with these words, once it is there."""
    try:
        lines = workshop.log_lines(f"/aws/sagemaker/Endpoints/{endpoint}", f"{endpoint}/")
    except ClientError:  # the group is made with the first line
        return ""
    return next((line for line in lines if words in line), "")
