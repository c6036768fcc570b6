"""Whoever a use case names is somebody."""

import pytest

from causeway.documents import CONFIG_DIR
from causeway.errors import ConfigError
from causeway.topology.accounts import Topology, load_topology
from causeway.use_cases.files import load_use_cases
from causeway.use_cases.people import require_people


@pytest.mark.parametrize("name", ["local", "example"])
def test_the_shipped_use_cases_name_people_of_the_shipped_topologies(name: str) -> None:
    require_people(load_use_cases(), load_topology(CONFIG_DIR / "topology" / f"{name}.yaml"))


def test_all_strangers_are_named_at_once_with_the_people_there_are(topology: Topology) -> None:
    people = {"ml-engineer": topology.people["ml-engineer"]}
    with pytest.raises(ConfigError) as refused:
        require_people(load_use_cases(), topology.model_copy(update={"people": people}))
    assert str(refused.value).count("is not in `people` of topology local") == 4
    assert (
        "approvers.test: 'model-owner' is not in `people` of topology local; allowed: nobody"
        in str(refused.value)
    )


def test_who_may_not_decide_is_told_who_may(topology: Topology) -> None:
    (case, *_) = load_use_cases()
    (model,) = case.models
    approvers = model.approvers.model_copy(update={"test": ("governance-officer",)})
    models = (model.model_copy(update={"approvers": approvers}),)
    with pytest.raises(ConfigError) as refused:
        require_people([case.model_copy(update={"models": models})], topology)
    said = str(refused.value)
    assert "`decides` has no test; allowed: model-owner\n" in said
    assert "Add them" not in said
