"""A candidate becomes one version of one artifact, and nothing else can take its place."""

from __future__ import annotations

import contextlib
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from causeway.digests import Digest
from causeway.errors import (
    ApprovalRefused,
    BadInput,
    NameTaken,
    UnexpectedState,
)
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.fingerprint import request_sha256
from causeway.versions.registry import OWN_METADATA, artifact_key
from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import (
    approve,
    archive,
    asked,
    deploy,
    register,
    run_of,
    source_of,
    sync,
)
from tests.plugins.conftest import context, execute
from tests.plugins.table_records import stage_table, state_of

pytestmark = pytest.mark.usefixtures("own_endpoints")

SHARED = "causeway-shared-services-333333333333-eu-central-1"
SHARED_KEY = "arn:aws:kms:eu-central-1:333333333333:alias/causeway-shared-services"
GROUP = "arn:aws:sagemaker:eu-central-1:333333333333:model-package-group/credit-risk"


#: What a registration changes, once the model's card is there.
EFFECTS = {"put_object", "create_model_package", "update_model_card"}


def described(platform: LocalPlatform, version: str) -> dict[str, Any]:
    client = platform.client("sagemaker", "shared_services")
    description: dict[str, Any] = client.describe_model_package(ModelPackageName=version)
    return description


def versions(platform: LocalPlatform) -> set[str]:
    client = platform.client("sagemaker", "shared_services")
    listed = client.list_model_packages(ModelPackageGroupName="credit-risk", MaxResults=100)
    return {summary["ModelPackageArn"] for summary in listed["ModelPackageSummaryList"]}


def read(platform: LocalPlatform, uri: str) -> bytes:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body = platform.client("s3", "shared_services").get_object(Bucket=bucket, Key=key)["Body"]
    content: bytes = body.read()
    return content


def stored(platform: LocalPlatform, note: str) -> list[dict[str, Any]]:
    """Return every version of the artifact's object in the shared bucket."""
    digest = Digest(hashlib.sha256(archive(note)).hexdigest())
    listed = platform.client("s3", "shared_services").list_object_versions(
        Bucket=SHARED, Prefix=artifact_key("credit_risk", digest)
    )
    objects: list[dict[str, Any]] = listed.get("Versions", [])
    return objects


def overwrite(platform: LocalPlatform, uri: str, content: bytes) -> None:
    """Replace an object as an administrator of its account: delete it and write another."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    role = "shared_services" if bucket == SHARED else "data_science"
    s3 = platform.client("s3", role)
    s3.delete_object(Bucket=bucket, Key=key)
    s3.put_object(Bucket=bucket, Key=key, Body=content, IfNoneMatch="*")


def test_a_version_carries_what_binds_and_describes_it(shared: LocalPlatform) -> None:
    done = register("bound").perform(context())
    version = described(shared, done["version_arn"])
    container = version["InferenceSpecification"]["Containers"][0]
    metadata = version["CustomerMetadataProperties"]
    (artifact,) = stored(shared, "bound")
    assert metadata["artifact-object-version"] == artifact["VersionId"]
    assert metadata["artifact-sha256"] in container["ModelDataUrl"]
    assert "@sha256:" in container["Image"]
    manifest = read(shared, container["ModelDataUrl"].replace("model.tar.gz", "manifest.json"))
    assert hashlib.sha256(manifest).hexdigest() == metadata["manifest-sha256"]
    assert {f["path"] for f in json.loads(manifest)["files"]} == {"code/inference.py", "note.txt"}
    for section in ("ModelMetrics", "DriftCheckBaselines"):
        for document in (d for kind in version[section].values() for d in kind.values()):
            digest = hashlib.sha256(read(shared, document["S3Uri"])).hexdigest()
            assert document["ContentDigest"] == f"sha256:{digest}"
    baselines = version["DriftCheckBaselines"]
    assert set(baselines) == {"Bias", "ModelQuality", "ModelDataQuality"}
    bias = json.loads(read(shared, baselines["Bias"]["PostTrainingConstraints"]["S3Uri"]))
    assert {bound["attribute"] for bound in bias["bias_constraints"]} >= {"sex", "age"}
    assert version["MetadataProperties"]["ProjectId"] == "credit-risk"
    assert len(version["MetadataProperties"]["CommitId"]) == 40
    assert version["SourceUri"] == source_of("bound")


def test_the_artifact_is_encrypted_with_the_shared_key_and_keeps_its_checksum(
    shared: LocalPlatform,
) -> None:
    register("sealed").perform(context())
    (artifact,) = stored(shared, "sealed")
    head = shared.client("s3", "shared_services").head_object(
        Bucket=SHARED, Key=artifact["Key"], ChecksumMode="ENABLED"
    )
    assert head["ServerSideEncryption"] == "aws:kms"
    assert head["SSEKMSKeyId"] == SHARED_KEY
    assert head["ChecksumSHA256"] == _checksum(archive("sealed"))


def test_who_decides_reads_how_it_compares_with_earlier_versions(shared: LocalPlatform) -> None:
    register("earlier").perform(context())
    done = register("compared").perform(context())
    text = read(shared, done["comparison"]).decode()
    version = described(shared, done["version_arn"])
    assert version["CustomerMetadataProperties"]["comparison"] == done["comparison"]
    assert done["comparison"] in version["ModelLifeCycle"]["StageDescription"]
    earlier = ModelPackageArn.parse(done["version_arn"]).version - 1
    assert f"| candidate | v{earlier} |" in text
    assert "| auc | 1 (+0) | 1 |" in text
    assert "| max_depth | 5 | 5 |" in text


# -------------------------------------------------------------------------------- killed
@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_registration_killed_at_each_of_its_effects_ends_in_one_version(
    shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch, dies: str
) -> None:
    from causeway_airflow.hooks.base import CausewayHook

    note = f"killed {dies}"
    before, task, call = versions(shared), register(note), CausewayHook.call
    killed: list[tuple[str, Any]] = []

    def mortal(self: Any, operation: str, **params: Any) -> dict[str, Any]:
        effect = (operation, params.get("Key"))
        if operation in EFFECTS and dies == "before" and effect not in killed:
            killed.append(effect)
            raise KeyboardInterrupt
        reply = call(self, operation, **params)
        if operation in EFFECTS and dies == "after":
            killed.append(effect)
            raise KeyboardInterrupt
        return reply

    with monkeypatch.context() as patch:
        patch.setattr(CausewayHook, "call", mortal)
        done = None
        while done is None:
            assert len(killed) < 25
            with contextlib.suppress(KeyboardInterrupt):
                done = task.perform(context(f"run-{len(killed)}"))
    assert len(killed) == len(set(killed))
    assert {operation for operation, _ in killed} == EFFECTS
    # Artifact, manifest, held-out rows, gate report, three constraints, three documents of the
    # evaluation, comparison.
    assert len([key for _, key in killed if key]) == 11
    assert versions(shared) - before == {done["version_arn"]}
    assert len(stored(shared, note)) == 1
    card = shared.client("sagemaker", "shared_services").describe_model_card(
        ModelCardName="credit-risk"
    )
    told = json.loads(card["Content"])["model_package_details"]["model_package_arn"]
    assert told == done["version_arn"]


# ------------------------------------------------------------------------------- at once
def test_two_runs_at_once_with_one_artifact_register_one_version(shared: LocalPlatform) -> None:
    before = versions(shared)
    tasks = [register("twice") for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(t.perform, context(f"run-{n}")) for n, t in enumerate(tasks)]
    results = [run.result() for run in runs]
    assert {done["version_arn"] for done in results} == versions(shared) - before
    assert sorted(done["created"] for done in results) == [False, True]
    assert len(stored(shared, "twice")) == 1


def test_a_version_registered_between_look_and_call_is_found(
    shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.registry import RegistryHook

    create, before = RegistryHook.create, versions(shared)

    def second(self: Any, request: Any) -> str:
        monkeypatch.undo()
        first = {**request, "CustomerMetadataProperties": {**request["CustomerMetadataProperties"]}}
        first["CustomerMetadataProperties"]["dag-run"] = "another"
        fingerprint = request_sha256(first, OWN_METADATA)
        first["CustomerMetadataProperties"]["request-sha256"] = fingerprint
        create(self, first)
        return create(self, request)

    monkeypatch.setattr(RegistryHook, "create", second)
    done = register("overtaken").perform(context())
    assert done["created"] is False
    assert versions(shared) - before == {done["version_arn"]}


def test_two_runs_at_once_with_different_artifacts_register_two_versions(
    shared: LocalPlatform,
) -> None:
    before = versions(shared)
    tasks = [register(f"one of two {n}") for n in range(2)]
    with ThreadPoolExecutor(2) as threads:
        runs = [threads.submit(t.perform, context(f"run-{n}")) for n, t in enumerate(tasks)]
    results = [run.result() for run in runs]
    assert {done["version_arn"] for done in results} == versions(shared) - before
    assert len({done["version_arn"] for done in results}) == 2


# ------------------------------------------------------------------------------- swapped
def test_an_artifact_changed_after_its_evaluation_is_not_copied(shared: LocalPlatform) -> None:
    before, task = versions(shared), register("changed at its source")
    overwrite(shared, source_of("changed at its source"), archive("another"))
    with pytest.raises(UnexpectedState, match="evaluated was"):
        task.perform(context())
    assert stored(shared, "changed at its source") == []
    assert versions(shared) == before


def test_a_gate_report_changed_after_the_judgement_is_refused_before_anything_is_written(
    shared: LocalPlatform,
) -> None:
    before, task = versions(shared), register("report changed")
    overwrite(shared, task.report_uri, b'{"verdict": "pass"}')
    with pytest.raises(UnexpectedState, match="judged was"):
        task.perform(context())
    assert stored(shared, "report changed") == []
    assert versions(shared) == before


def test_a_broken_archive_is_refused_before_anything_is_written(shared: LocalPlatform) -> None:
    task = register("cut short", archive("cut short")[:-10])
    with pytest.raises(BadInput, match="no readable"):
        task.perform(context())


def test_what_lies_under_the_artifacts_key_already_is_not_registered(
    shared: LocalPlatform,
) -> None:
    before, task = versions(shared), register("forestalled")
    digest = Digest(hashlib.sha256(archive("forestalled")).hexdigest())
    for metadata in ({}, {"sha256": digest.hex}):  # whatever is said of it
        key = artifact_key("credit_risk", digest)
        shared.client("s3", "shared_services").delete_object(Bucket=SHARED, Key=key)
        shared.client("s3", "shared_services").put_object(
            Bucket=SHARED, Key=key, Body=archive("planted"), Metadata=metadata, IfNoneMatch="*"
        )
        with pytest.raises((NameTaken, UnexpectedState), match=r"other content|note\.txt"):
            task.perform(context())
    assert versions(shared) == before


@pytest.mark.parametrize("content", ["the same", "another"])
def test_an_artifact_that_was_replaced_is_not_deployed(shared: LocalPlatform, content: str) -> None:
    """Also the same bytes: it is not the object that was registered and looked at."""
    note = f"replaced by {content}"
    version = register(note).perform(context())["version_arn"]
    sync()
    approve(shared, version)
    overwrite(
        shared, _artifact(shared, version), archive(note if content == "the same" else "other")
    )
    # An earlier deployment leaves its lease behind, let go of.
    before = stage_table().lease(AccountRole.TEST, "credit_risk")
    with pytest.raises(ApprovalRefused, match="S3 holds"):
        deploy(version).perform(run_of(version))
    assert Stage.TEST not in state_of(version).records
    assert stage_table().lease(AccountRole.TEST, "credit_risk") == before


@pytest.mark.parametrize("was_live", [True, False])
def test_an_artifact_replaced_while_its_endpoint_loads_it_is_taken_back(
    shared: LocalPlatform, approved: str, was_live: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.endpoints import EndpointsHook
    from causeway_airflow.hooks.stage_table import StageTableHook

    before = execute(deploy(approved), run_of(approved))
    asked(approved)
    version = register(f"replaced meanwhile {was_live}").perform(context())["version_arn"]
    sync()
    approve(shared, version)
    task = deploy(version)
    resumed = task.resumed

    def after_the_swap(task_context: Any, **carried: Any) -> Any:
        overwrite(shared, _artifact(shared, version), archive("swapped"))
        with monkeypatch.context() as patch:
            if not was_live:
                patch.setattr(StageTableHook, "live", lambda *_: None)
            return resumed(task_context, **carried)

    monkeypatch.setattr(task, "resumed", after_the_swap)
    with pytest.raises(ApprovalRefused, match="S3 holds other bytes"):
        execute(task, run_of(version))
    live = stage_table().live(AccountRole.TEST, "credit_risk")
    assert live is not None and str(live.version_arn) == approved
    end = "endpoint_in_service" if was_live else "endpoint_deleted"
    waiter = shared.client("sagemaker", "test").get_waiter(end)
    waiter.wait(EndpointName="credit-risk", WaiterConfig={"Delay": 1})
    endpoint = EndpointsHook("causeway_test_deployer").observe("credit-risk")
    assert (
        endpoint.endpoint_config == before["endpoint_config"] if was_live else not endpoint.status
    )
    # The lease was given back: the next one may take it.
    assert execute(deploy(approved), run_of(approved)) == before


# ------------------------------------------------------------------------- from outside
def test_a_version_registered_in_a_notebook_without_its_digest_is_quarantined(
    shared: LocalPlatform,
) -> None:
    version = _from_notebook(shared, {"note": "by hand"})
    assert not [run for run in sync() if run["conf"]["version_arn"] == version]
    assert state_of(version).records[Stage.DEVELOPMENT].status is Status.QUARANTINED
    cycle = described(shared, version)["ModelLifeCycle"]
    assert (cycle["Stage"], cycle["StageStatus"]) == ("Development", "OnHold")
    shared.person("model-owner").update_model_package(
        ModelPackageArn=version, ModelApprovalStatus="Approved"
    )
    assert not [run for run in sync() if run["conf"]["version_arn"] == version]
    assert described(shared, version)["ModelApprovalStatus"] == "PendingManualApproval"


def test_a_version_registered_in_a_notebook_under_the_metadata_of_another_is_quarantined(
    shared: LocalPlatform,
) -> None:
    """Its gate report and its approval would be about something that nobody has judged."""
    metadata = described(shared, register("governed").perform(context())["version_arn"])[
        "CustomerMetadataProperties"
    ]
    version = _from_notebook(shared, metadata)
    assert not [run for run in sync() if run["conf"]["version_arn"] == version]
    state = state_of(version)
    assert state.records[Stage.DEVELOPMENT].status is Status.QUARANTINED
    assert state.promotion is None


def _from_notebook(platform: LocalPlatform, metadata: dict[str, str]) -> str:
    """Register a version as a data scientist would by hand, in the shared group by its ARN."""
    arn: str = platform.client("sagemaker", "data_science").create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [{"Image": "xgboost", "ModelDataUrl": "s3://somewhere/model.tar.gz"}]
        },
        CustomerMetadataProperties=metadata,
    )["ModelPackageArn"]
    return arn


def _artifact(platform: LocalPlatform, version: str) -> str:
    (container,) = described(platform, version)["InferenceSpecification"]["Containers"]
    return str(container["ModelDataUrl"])


def _checksum(content: bytes) -> str:
    from base64 import b64encode

    return b64encode(hashlib.sha256(content).digest()).decode()
