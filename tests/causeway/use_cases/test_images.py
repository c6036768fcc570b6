"""An image that no topology has a URI for is refused where the use case is read."""

import pytest

from causeway.errors import ConfigError
from causeway.topology.accounts import load_topology
from causeway.use_cases.files import use_case
from causeway.use_cases.images import require_images
from tests.jobs import visits


def test_images_that_the_topology_lacks_are_named_with_file_and_key() -> None:
    require_images([use_case("credit_risk")], load_topology())
    document = visits.document(image="xgbost")
    document["evaluation"]["image"] = "sklearn"
    with pytest.raises(ConfigError) as refused:
        require_images([visits.case_of(document)], load_topology())
    text = str(refused.value)
    assert "visits.yaml: evaluation.image: 'sklearn' is not in `images`" in text
    assert "models.visits.training.image: 'xgbost'" in text
    assert "name one of: processing, xgboost" in text
