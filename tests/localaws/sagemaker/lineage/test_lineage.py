"""Lineage and experiments: entities, associations, walks, and the group that is shared."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from localaws.sagemaker.jobs.jobs import TRAINING, Job, JobStore
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.localaws.shapes import checked
from tests.localaws.sharing import share
from tests.refusals import refused

OWNER, OTHER = "shared_services", "data_science"
BASE = f"arn:aws:sagemaker:{REGION}:{ACCOUNTS[OWNER]}"
GROUP = f"{BASE}:lineage-group/sagemaker-default-lineage-group"


@pytest.fixture
def client(aws: Aws) -> Any:
    return checked(aws.client("sagemaker", OWNER))


def artifact(client: Any, name: str, kind: str = "DataSet", **more: Any) -> str:
    reply = client.create_artifact(
        ArtifactName=name, ArtifactType=kind, Source={"SourceUri": f"s3://b/{name}"}, **more
    )
    return str(reply["ArtifactArn"])


def connect(client: Any, source: str, destination: str, kind: str = "ContributedTo") -> None:
    client.add_association(SourceArn=source, DestinationArn=destination, AssociationType=kind)


def chain(client: Any) -> list[str]:
    """data → features → training action → model → endpoint."""
    arns = [artifact(client, "data"), artifact(client, "features", "FeatureGroup")]
    source = {"SourceUri": "https://code"}
    arns.append(
        client.create_action(ActionName="train", ActionType="Training", Source=source)["ActionArn"]
    )
    arns.append(artifact(client, "model", "Model", Properties={"digest": "abc"}))
    context = client.create_context(ContextName="prod_ep", ContextType="Endpoint", Source=source)
    arns.append(context["ContextArn"])
    for source_arn, destination_arn in pairwise(arns):
        connect(client, source_arn, destination_arn)
    return arns


def arns_of(reply: dict[str, Any]) -> list[str]:
    return [vertex["Arn"] for vertex in reply["Vertices"]]


# ------------------------------------------------------------------------------ entities
def test_an_artifact_is_made_changed_found_and_deleted(client: Any) -> None:
    arn = artifact(
        client, "data", Properties={"rows": "1000"}, MetadataProperties={"CommitId": "c"}
    )
    client.update_artifact(
        ArtifactArn=arn, Properties={"columns": "21"}, PropertiesToRemove=["rows"]
    )
    described = client.describe_artifact(ArtifactArn=arn)
    assert described["Properties"] == {"columns": "21"}
    assert described["LineageGroupArn"] == GROUP
    assert (
        client.list_artifacts(SourceUri="s3://b/data")["ArtifactSummaries"][0]["ArtifactArn"] == arn
    )
    assert client.list_artifacts(ArtifactType="Model")["ArtifactSummaries"] == []
    client.delete_artifact(Source={"SourceUri": "s3://b/data"})
    refused("ResourceNotFound", client.describe_artifact, ArtifactArn=arn)


def test_names_are_unique_and_limits_hold(client: Any) -> None:
    arn = artifact(client, "data")
    source = {"SourceUri": "s3://other"}
    taken = {"ArtifactName": "data", "ArtifactType": "DataSet", "Source": source}
    refused("ValidationException", client.create_artifact, **taken)
    many = {f"p{n}": "x" for n in range(30)}
    client.update_artifact(ArtifactArn=arn, Properties=many)
    refused("ValidationException", client.update_artifact, ArtifactArn=arn, Properties={"z": "x"})
    unnamed = {"ArtifactType": "DataSet", "Source": source}
    refused(
        "ValidationException", client.create_artifact, **unnamed, Properties={"long": "x" * 4097}
    )
    refused("ValidationException", client.create_artifact, **{**taken, "ArtifactName": "a_b"})
    first = client.create_artifact(**unnamed)["ArtifactArn"]
    assert first != client.create_artifact(**unnamed)["ArtifactArn"]


@pytest.mark.parametrize("title", ["Action", "Context"])
def test_actions_and_contexts_go_by_name(client: Any, title: str) -> None:
    low = title.lower()
    name = {f"{title}Name": "train"}
    source = {"SourceUri": "https://code", "SourceType": "Git"}
    getattr(client, f"create_{low}")(**name, **{f"{title}Type": "T"}, Source=source)
    getattr(client, f"update_{low}")(**name, Description="new", Properties={"a": "b"})
    described = getattr(client, f"describe_{low}")(**name)
    assert (described["Description"], described["Properties"]) == ("new", {"a": "b"})
    arn = described[f"{title}Arn"]
    assert getattr(client, f"describe_{low}")(**{f"{title}Name": arn})[f"{title}Name"] == "train"
    listed = getattr(client, f"list_{low}s")(SortBy="Name")[f"{title}Summaries"]
    assert [item["Source"] for item in listed] == [source]
    getattr(client, f"delete_{low}")(**name)
    refused("ResourceNotFound", getattr(client, f"describe_{low}"), **name)


def test_lists_are_paged(client: Any) -> None:
    arns = {artifact(client, f"a{n}") for n in range(23)}
    pages = client.get_paginator("list_artifacts").paginate(PaginationConfig={"PageSize": 10})
    assert {item["ArtifactArn"] for p in pages for item in p["ArtifactSummaries"]} == arns


# -------------------------------------------------------------------------- associations
def test_associations_need_both_ends_and_hold_them(client: Any) -> None:
    data, model = artifact(client, "data"), artifact(client, "model", "Model")
    gone = f"{BASE}:artifact/gone"
    refused("ResourceNotFound", client.add_association, SourceArn=data, DestinationArn=gone)
    connect(client, data, model, "DerivedFrom")
    refused("ValidationException", client.add_association, SourceArn=data, DestinationArn=model)
    refused("ValidationException", client.delete_artifact, ArtifactArn=data)
    associations = client.list_associations(SourceArn=data)["AssociationSummaries"]
    assert [(o["DestinationName"], o["AssociationType"]) for o in associations] == [
        ("model", "DerivedFrom")
    ]
    assert client.list_associations(DestinationType="DataSet")["AssociationSummaries"] == []
    client.delete_association(SourceArn=data, DestinationArn=model)
    refused("ResourceNotFound", client.delete_association, SourceArn=data, DestinationArn=model)
    client.delete_artifact(ArtifactArn=data)


# --------------------------------------------------------------------------------- walks
def test_a_walk_goes_up_down_or_both_ways(client: Any) -> None:
    data, features, train, model, endpoint = chain(client)
    up = client.query_lineage(StartArns=[model], Direction="Ascendants")
    assert set(arns_of(up)) == {model, train, features, data}
    down = client.query_lineage(StartArns=[model], Direction="Descendants")
    assert set(arns_of(down)) == {model, endpoint}
    assert set(arns_of(client.query_lineage(StartArns=[model]))) == {
        data,
        features,
        train,
        model,
        endpoint,
    }
    near = client.query_lineage(StartArns=[model], Direction="Ascendants", MaxDepth=1)
    assert set(arns_of(near)) == {model, train}
    assert {v["LineageType"] for v in up["Vertices"]} == {"Artifact", "Action"}


def test_filters_choose_and_edges_show_the_path(client: Any) -> None:
    data, features, train, model, _ = chain(client)
    only = {"Types": ["DataSet"]}
    query = {"StartArns": [model], "Direction": "Ascendants", "Filters": only}
    assert arns_of(client.query_lineage(**query)) == [data]
    shown = client.query_lineage(**query, IncludeEdges=True)
    assert set(arns_of(shown)) == {data, features, train, model}
    assert {(e["SourceArn"], e["DestinationArn"]) for e in shown["Edges"]} == {
        (data, features),
        (features, train),
        (train, model),
    }
    by_property = {"Properties": {"digest": "abc"}, "LineageTypes": ["Artifact"]}
    assert arns_of(client.query_lineage(Filters=by_property)) == [model]


def test_a_walk_ends_in_a_circle_and_pages_show_everything_once(client: Any) -> None:
    hub = artifact(client, "hub")
    leaves = [artifact(client, f"leaf{n}") for n in range(60)]
    for leaf in leaves:
        connect(client, hub, leaf)
    connect(client, leaves[0], hub)
    arns: list[str] = []
    edges = 0
    token: dict[str, str] = {}
    while True:
        page = client.query_lineage(
            StartArns=[hub], Direction="Descendants", IncludeEdges=True, MaxResults=25, **token
        )
        arns += arns_of(page)
        edges += len(page["Edges"])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert sorted(arns) == sorted([hub, *leaves]) and edges == 61


def test_the_limits_of_a_query_are_refused_beyond(client: Any) -> None:
    data = artifact(client, "data")
    ask = client.query_lineage
    refused("ValidationException", ask, StartArns=[data, data])
    refused("ValidationException", ask, StartArns=[data], MaxDepth=11)
    refused("ValidationException", ask, StartArns=[data], MaxDepth=0)
    refused("ValidationException", ask, StartArns=[data], MaxResults=51)
    refused("ValidationException", ask, StartArns=[data], Filters={"Types": list("abcdef")})
    refused("ResourceNotFound", ask, StartArns=[f"{BASE}:artifact/gone"])


# ----------------------------------------------------------------------- group and sharing
def test_the_group_appears_with_the_first_entity(client: Any) -> None:
    name = {"LineageGroupName": "sagemaker-default-lineage-group"}
    refused("ResourceNotFound", client.describe_lineage_group, **name)
    assert client.list_lineage_groups()["LineageGroupSummaries"] == []
    artifact(client, "data")
    assert client.describe_lineage_group(**name)["LineageGroupArn"] == GROUP
    assert len(client.list_lineage_groups()["LineageGroupSummaries"]) == 1
    refused("ResourceNotFound", client.get_lineage_group_policy, **name)


def test_a_shared_group_is_walked_from_the_other_account(aws: Aws, client: Any) -> None:
    data, features, *_, model, _ = chain(client)
    other = checked(aws.client("sagemaker", OTHER))
    own = artifact(other, "report", "Report")
    refused("AccessDeniedException", other.describe_artifact, ArtifactArn=model)
    refused("AccessDeniedException", other.add_association, SourceArn=model, DestinationArn=own)
    share(aws, OWNER, OTHER, GROUP)
    assert other.describe_artifact(ArtifactArn=model)["ArtifactName"] == "model"
    connect(other, model, own, "Produced")
    reached = arns_of(other.query_lineage(StartArns=[own], Direction="Ascendants"))
    assert {data, features, model} <= set(reached)
    assert own not in arns_of(client.query_lineage(StartArns=[model]))  # not shared back
    policy = client.get_lineage_group_policy(LineageGroupName=GROUP)["ResourcePolicy"]
    assert ACCOUNTS[OTHER] in policy and "sagemaker:QueryLineage" in policy
    refused("AccessDeniedException", other.delete_artifact, ArtifactArn=model)


# ---------------------------------------------------------------------------- experiments
def test_experiments_hold_trials_hold_components(client: Any) -> None:
    client.create_experiment(ExperimentName="credit", Description="scores")
    client.create_trial(TrialName="one", ExperimentName="credit")
    client.create_trial_component(
        TrialComponentName="eval",
        Parameters={"eta": {"NumberValue": 0.1}},
        InputArtifacts={"data": {"Value": "s3://b/data"}},
        Status={"PrimaryStatus": "Completed"},
    )
    client.associate_trial_component(TrialComponentName="eval", TrialName="one")
    assert client.describe_experiment(ExperimentName="credit")["Description"] == "scores"
    assert client.describe_trial(TrialName="one")["ExperimentName"] == "credit"
    components = client.list_trial_components(ExperimentName="credit")["TrialComponentSummaries"]
    assert [item["TrialComponentName"] for item in components] == ["eval"]
    trials = client.list_trials(TrialComponentName="eval")["TrialSummaries"]
    assert [item["TrialName"] for item in trials] == ["one"]
    client.update_trial_component(
        TrialComponentName="eval",
        Parameters={"depth": {"NumberValue": 5.0}},
        ParametersToRemove=["eta"],
    )
    described = client.describe_trial_component(TrialComponentName="eval")
    assert described["Parameters"] == {"depth": {"NumberValue": 5.0}}
    refused("ValidationException", client.delete_experiment, ExperimentName="credit")
    refused("ValidationException", client.delete_trial, TrialName="one")
    refused("ValidationException", client.delete_trial_component, TrialComponentName="eval")
    client.disassociate_trial_component(TrialComponentName="eval", TrialName="one")
    client.delete_trial_component(TrialComponentName="eval")
    client.delete_trial(TrialName="one")
    client.update_experiment(ExperimentName="credit", DisplayName="Credit-Risk")
    assert client.list_experiments()["ExperimentSummaries"][0]["DisplayName"] == "Credit-Risk"
    client.delete_experiment(ExperimentName="credit")
    assert client.list_experiments()["ExperimentSummaries"] == []


def test_a_training_job_has_a_component_in_the_lineage(aws: Aws, client: Any) -> None:
    client.create_experiment(ExperimentName="credit")
    client.create_trial(TrialName="one", ExperimentName="credit")
    job = Job(
        kind=TRAINING,
        name="train-1",
        arn=f"{BASE}:training-job/train-1",
        account=ACCOUNTS[OWNER],
        region=REGION,
        request={
            "TrainingJobName": "train-1",
            "HyperParameters": {"eta": "0.1"},
            "OutputDataConfig": {"S3OutputPath": "s3://b/out"},
            "InputDataConfig": [
                {"ChannelName": "train", "DataSource": {"S3DataSource": {"S3Uri": "s3://b/t"}}}
            ],
            "ExperimentConfig": {"TrialName": "one"},
        },
        credentials=aws.cloud.credentials.administrator(ACCOUNTS[OWNER]),
        runtime=None,  # type: ignore[arg-type]  # nothing runs here
        created=aws.cloud.clock.now(),
    )
    aws.cloud.store(JobStore, ACCOUNTS[OWNER], REGION).add(job)
    name = "train-1-aws-training-job"
    component = client.describe_trial_component(TrialComponentName=name)
    assert component["Source"] == {"SourceArn": job.arn, "SourceType": "SageMakerTrainingJob"}
    assert component["Status"]["PrimaryStatus"] == "InProgress"
    job.move(aws.cloud.clock.now(), "Completed", "done")
    job.finish("Completed")
    component = client.describe_trial_component(TrialComponentName=name)
    assert component["InputArtifacts"] == {"train": {"Value": "s3://b/t"}}
    assert component["OutputArtifacts"]["SageMaker.ModelArtifact"]["Value"].endswith("model.tar.gz")
    of_trial = client.list_trial_components(TrialName="one")["TrialComponentSummaries"]
    assert [item["TrialComponentName"] for item in of_trial] == [name]
    data = artifact(client, "data")
    connect(client, data, component["TrialComponentArn"])
    vertices = client.query_lineage(StartArns=[data], Direction="Descendants")["Vertices"]
    assert ("TrialComponent", "SageMakerTrainingJob") in [
        (item["LineageType"], item["Type"]) for item in vertices
    ]
