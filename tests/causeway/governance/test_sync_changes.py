import botocore.session
import pytest
from botocore.validate import ParamValidator

from causeway.governance.sync_changes import Refusal, RegistryUpdate, SyncPlan
from causeway.versions.stages import LifeCycle


@pytest.fixture
def update(make_version, now):
    def make(**changes) -> RegistryUpdate:
        return RegistryUpdate(make_version().arn, now, **changes)

    return make


def test_an_update_carries_only_what_changes(update, make_version) -> None:
    arn = str(make_version().arn)
    assert update(lifecycle=LifeCycle("QA", "InProgress", "by x")).request() == {
        "ModelPackageArn": arn,
        "ModelLifeCycle": {"Stage": "QA", "StageStatus": "InProgress", "StageDescription": "by x"},
    }
    assert update(approval_status="Approved", approval_description="y" * 2000).request() == {
        "ModelPackageArn": arn,
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "y" * 1024,
    }


def test_an_update_is_one_that_the_service_takes(update) -> None:
    service = botocore.session.get_session().get_service_model("sagemaker")
    shape = service.operation_model("UpdateModelPackage").input_shape
    request = update(
        approval_status="Rejected", lifecycle=LifeCycle("Development", "OnHold")
    ).request()
    assert not ParamValidator().validate(request, shape).has_errors()


def test_a_plan_is_quiet_when_it_only_ignores(make_version) -> None:
    assert SyncPlan(ignored=("arn",)).is_quiet
    assert not SyncPlan(refusals=(Refusal(make_version().arn, "r", quarantined=False),)).is_quiet
