"""What a container serves depends on its variables, as in AWS's images; the rest is refused."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from localaws.sagemaker.machine.images import environment_of
from tests.localaws.sagemaker.work import IMAGE, SERVING, SKLEARN, Workshop, archive
from tests.refusals import refused

ANSWER = "def model_fn(d):\n    return 'it'\ndef transform_fn(m, b, c, a):\n    return m, a\n"
UNHEALTHY = (
    "The primary container for production variant {} did not pass the ping health check. Please "
    "check CloudWatch logs for this endpoint."
)


def test_container_without_a_program_takes_every_file_for_a_booster(workshop: Workshop) -> None:
    # A version that names image and model data alone: algorithm mode.
    files: dict[str, str | bytes] = {"code/inference.py": ANSWER, "encoder.json": "{}"}
    workshop.container("algorithm", files, {})
    described = workshop.deploy("algorithm")
    assert described["EndpointStatus"] == "Failed"
    reason = described["FailureReason"]
    assert reason.startswith(UNHEALTHY.format("algorithm"))
    assert "encoder.json cannot be loaded:\nPickle load error=" in reason
    assert "\nXGB load model error=" in reason


def test_built_in_algorithm_is_refused_by_name(workshop: Workshop, tmp_path: Path) -> None:
    script = (
        "import sys, numpy, xgboost; data = xgboost.DMatrix(numpy.ones((2, 1)), label=[0, 1]); "
        "xgboost.train({}, data, 1).save_model(sys.argv[1])"
    )
    booster = tmp_path / "model.json"
    subprocess.run([environment_of(IMAGE).python, "-c", script, str(booster)], check=True)
    workshop.container("bare", {"xgboost-model": booster.read_bytes()}, {})
    reason = workshop.deploy("bare")["FailureReason"]
    assert "the local AWS does not serve the image's built-in algorithm" in reason


def test_program_without_a_directory_has_no_module(workshop: Workshop) -> None:
    program = {"SAGEMAKER_PROGRAM": "inference.py"}
    workshop.container("homeless", {"code/inference.py": ANSWER}, program)
    reason = workshop.deploy("homeless")["FailureReason"]
    assert reason.startswith(UNHEALTHY.format("homeless"))
    assert "No module named 'inference'" in reason


def test_code_may_be_in_s3_and_is_read_with_the_role_of_the_model(workshop: Workshop) -> None:
    source = workshop.put("serving/sourcedir.tar.gz", archive({"serve.py": ANSWER}))
    variables = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": source}
    workshop.container("fetched", {"model.json": "{}"}, variables)
    assert workshop.deploy("fetched")["EndpointStatus"] == "InService"
    assert workshop.invoke("fetched", "x") == "it"
    models = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{workshop.bucket}/models/*",
    }
    poor = workshop.aws.role(workshop.account, "models-only", allow=[models])
    workshop.container("unfetched", {"model.json": "{}"}, variables, role=poor)
    described = workshop.deploy("unfetched")
    assert described["EndpointStatus"] == "Failed"
    assert "serving/sourcedir.tar.gz" in described["FailureReason"]
    assert "AccessDenied" in described["FailureReason"]


def test_scikit_learn_image_needs_a_program(workshop: Workshop) -> None:
    workshop.container("modelless", {"code/inference.py": ANSWER}, {}, image=SKLEARN)
    assert "SAGEMAKER_PROGRAM" in workshop.deploy("modelless")["FailureReason"]


SUMS = """
class Sums:
    def predict(self, rows): return [sum(map(float, row)) for row in rows]
def model_fn(model_dir): return Sums()
"""


def test_scikit_learn_image_has_functions_for_json_and_csv(workshop: Workshop) -> None:
    workshop.container("sums", {"code/inference.py": SUMS}, SERVING, image=SKLEARN)
    workshop.deploy("sums")
    assert workshop.invoke("sums", "1,2\n3,4", ContentType="text/csv") == "[3.0, 7.0]"
    asked = {"ContentType": "application/json", "Accept": "text/csv"}
    assert workshop.invoke("sums", "[[1, 1]]", **asked) == "2.0\n"
    for request, status in (
        ({"ContentType": "application/x-npy"}, 501),  # AWS reads it
        ({"ContentType": "image/png"}, 500),
        ({"ContentType": "text/csv", "Accept": "image/png"}, 500),
    ):
        ask = workshop.runtime.invoke_endpoint
        refusal = refused("ModelError", ask, EndpointName="sums", Body=b"1,2\n3,4", **request)
        assert refusal.reply["OriginalStatusCode"] == status


TREES = """
import xgboost
class Columns:
    def predict(self, matrix, validate_features): return [float(matrix.num_col())]
def model_fn(model_dir): return Columns()
"""


def test_xgboost_image_reads_csv_as_a_matrix_and_no_json(workshop: Workshop) -> None:
    workshop.model("columns", {"inference.py": TREES})
    workshop.deploy("columns")
    assert json.loads(workshop.invoke("columns", "1,2,3\n4,5,6", ContentType="text/csv")) == [3.0]
    ask = workshop.runtime.invoke_endpoint
    refusal = refused("ModelError", ask, EndpointName="columns", Body=b"[[1]]")
    assert refusal.reply["OriginalStatusCode"] == 500


PARTICULAR = """
from sagemaker_containers.beta.framework import worker
def model_fn(model_dir): return None
def transform_fn(model, body, content_type, accept):
    if body == "plain": return "as it is"
    if body == "object": return {"a": 1}
    if body == "nothing": return None
    headers = {"X-Amzn-SageMaker-Custom-Attributes": "row=2"}
    return worker.Response("not a number", status=400, mimetype="text/plain", headers=headers)
"""


def test_script_answers_with_a_status_of_its_own(workshop: Workshop) -> None:
    workshop.model("particular", {"inference.py": PARTICULAR})
    workshop.deploy("particular")
    ask = workshop.runtime.invoke_endpoint
    refusal = refused("ModelError", ask, EndpointName="particular", Body=b"bad")
    assert "client error (400)" in refusal.message
    assert refusal.reply["OriginalStatusCode"] == 400
    assert refusal.reply["OriginalMessage"] == "not a number"
    plain = ask(EndpointName="particular", Body=b"plain")
    assert (plain["Body"].read(), plain["ContentType"]) == (b"as it is", "text/html; charset=utf-8")
    assert json.loads(workshop.invoke("particular", "object")) == {"a": 1}
    refusal = refused("ModelError", ask, EndpointName="particular", Body=b"nothing")
    assert refusal.reply["OriginalStatusCode"] == 500


def test_functions_that_exclude_each_other_are_refused(workshop: Workshop) -> None:
    both = ANSWER + "def input_fn(b, c):\n    return b\n"
    workshop.model("both", {"inference.py": both})
    assert "Cannot use transform_fn" in workshop.deploy("both")["FailureReason"]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"code/inference.py": "import nothing_like_it"}, "nothing_like_it"),
        ({"code/inference.py": "x = 1"}, "provide a model_fn"),
        ({"code/inference.py": ANSWER, "../../evil": "x"}, "cannot be extracted"),
    ],
)
def test_model_that_cannot_be_served_fails_with_the_reason(
    workshop: Workshop, files: dict[str, str | bytes], why: str
) -> None:
    name = f"bad-{abs(hash(why))}"
    workshop.container(name, files, SERVING)
    assert why in workshop.deploy(name)["FailureReason"]
