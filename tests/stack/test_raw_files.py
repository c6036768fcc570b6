"""The raw files that people name for a use case, and the runs that bring them in."""

from __future__ import annotations

import pytest
import yaml

from causeway.use_cases.files import use_case
from causeway.use_cases.use_case import UseCase
from stack import demo
from stack.processes import StackError
from stack.raw_files import by_source, deliveries
from tests import shop
from tests.causeway.values import use_case_of

FILES = "customers='my customers.csv' orders=s3://landing/orders.tsv"


@pytest.fixture(scope="module")
def several() -> UseCase:
    return use_case_of(yaml.safe_dump(shop.document(), sort_keys=False), "shop.yaml")


def test_the_only_file_is_named_as_it_is() -> None:
    case = use_case("credit_risk")
    assert by_source(case, "a=b c.csv") == {None: "a=b c.csv"}
    assert by_source(case, None) == {}
    assert deliveries(case, None) == [{"data": "sample"}]


def test_of_several_each_is_named_with_its_source_and_brought_in_by_a_run(several: UseCase) -> None:
    named = {"customers": "my customers.csv", "orders": "s3://landing/orders.tsv"}
    assert by_source(several, FILES) == named
    runs = deliveries(several, FILES)
    assert runs == [{"source": source, "data": file} for source, file in named.items()]
    assert deliveries(several, "published") == [{"source": "all", "data": "published"}]


def test_a_demonstration_needs_a_file_of_each(several: UseCase) -> None:
    with pytest.raises(StackError, match="no file of customers"):
        demo._raw_files(several, "orders=s3://landing/orders.tsv")
