"""What SageMaker records by itself of an endpoint."""

from __future__ import annotations

from tests.localaws.sagemaker.work import Workshop


def test_models_and_data_are_found_above_an_endpoint(workshop: Workshop) -> None:
    client = workshop.sagemaker
    workshop.model("served", {"inference.py": "def model_fn(model_dir):\n    return 1\n"})
    workshop.deploy("served")
    workshop.settled("served")
    (context,) = client.list_contexts(ContextType="Endpoint")["ContextSummaries"]
    assert context["ContextName"] == "served-aws-endpoint"
    above = client.query_lineage(
        StartArns=[context["ContextArn"]],
        Direction="Ascendants",
        Filters={"LineageTypes": ["Artifact"], "Types": ["Model"]},
    )["Vertices"]
    (model,) = [client.describe_artifact(ArtifactArn=each["Arn"]) for each in above]
    assert model["Source"]["SourceUri"].endswith("model.tar.gz")
    (action,) = client.list_actions(ActionType="ModelDeployment")["ActionSummaries"]
    assert action["ActionName"].startswith("served-")
