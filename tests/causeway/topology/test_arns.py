import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.errors import UnexpectedState
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import load_topology
from causeway.topology.arns import (
    FeatureCatalogArn,
    FeatureGroupArn,
    LineageGroupArn,
    ModelCardArn,
    ModelPackageArn,
    ModelPackageGroupArn,
    OrganisationArn,
    RoleArn,
    SageMakerArn,
)

names = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9-]{0,62}", fullmatch=True)
accounts = st.from_regex(r"[0-9]{12}", fullmatch=True).filter(str.isascii)


@given(names, accounts, st.integers(1, 10**6))
def test_a_version_arn_is_read_as_it_was_written(name: str, account: str, number: int) -> None:
    text = f"arn:aws:sagemaker:eu-central-1:{account}:model-package/{name}/{number}"
    arn = ModelPackageArn.parse(text)
    assert str(arn) == text
    assert arn.group_arn.version(number) == arn


def test_arns_are_named_by_the_owner_role() -> None:
    topology = load_topology()
    group = FeatureGroupArn.of(topology, AccountRole.DATA, "g")
    assert str(group) == "arn:aws:sagemaker:eu-central-1:111111111111:feature-group/g"
    assert FeatureGroupArn.parse(str(group)) == group


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (FeatureGroupArn, "feature-group/of_Another-project"),
        (FeatureCatalogArn, "sagemaker-catalog/DefaultFeatureGroupCatalog"),
        (ModelPackageGroupArn, "model-package-group/credit-risk"),
        (ModelCardArn, "model-card/credit-risk"),
        (LineageGroupArn, "lineage-group/sagemaker-default-lineage-group"),
    ],
)
def test_an_arn_of_each_kind_is_read_as_it_was_written(kind: type[SageMakerArn], path: str) -> None:
    text = f"arn:aws:sagemaker:eu-central-1:333333333333:{path}"
    arn = kind.parse(text)
    assert (str(arn), arn.path, arn.account) == (text, path, "333333333333")


def test_the_versions_of_a_group_begin_alike() -> None:
    group = ModelPackageGroupArn.of(load_topology(), AccountRole.SHARED_SERVICES, "credit-risk")
    assert str(group.version(2)) == f"{group.versions}/2"


@pytest.mark.parametrize(
    ("end", "unit"),
    [("organization/o-causeway00", None), ("ou/o-causeway00/ou-ab12-abcd1234", "ou-ab12-abcd1234")],
)
def test_an_organisation_and_its_units_are_told_apart(end: str, unit: str | None) -> None:
    text = f"arn:aws:organizations::777777777777:{end}"
    arn = OrganisationArn.parse(text)
    assert (str(arn), arn.organisation, arn.unit) == (text, "o-causeway00", unit)
    with pytest.raises(UnexpectedState):
        OrganisationArn.parse(f"{text}/")


@pytest.mark.parametrize(
    "text",
    [
        "credit-risk",
        "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk",
        "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/0",
        "arn:aws:sagemaker:eu-central-1:333:model-package/credit-risk/1",
        "arn:aws:sagemaker:eu-central-1:333333333333:model-package-group/credit-risk",
        "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/1\n",
    ],
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(UnexpectedState, match="whole ARN"):
        ModelPackageArn.parse(text)


def test_a_group_arn_is_not_a_feature_group_arn() -> None:
    with pytest.raises(UnexpectedState):
        ModelPackageGroupArn.parse("arn:aws:sagemaker:eu-central-1:333333333333:feature-group/g")


def test_a_session_is_read_as_its_role() -> None:
    session = "arn:aws:sts::333333333333:assumed-role/causeway-test-approver/whoever"
    assert str(RoleArn.parse(session)) == "arn:aws:iam::333333333333:role/causeway-test-approver"
