"""Several raw sources of a use case: the groups that they fill, and mistakes in declaring them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import yaml

from causeway.errors import ConfigError
from causeway.features.groups import contract_document
from causeway.use_cases.use_case import UseCase
from tests.causeway.values import use_case_of
from tests.shop import CUSTOMER, ORDER, document


def read(change: Callable[[dict[str, Any]], object] = lambda shop: None) -> UseCase:
    """Read the use case of the documentation with a change."""
    shop = document()
    change(shop)
    return use_case_of(yaml.safe_dump(shop, sort_keys=False), "shop.yaml")


def test_each_source_has_its_contract_and_its_groups() -> None:
    customers, orders = read().raw_sources
    assert (customers.name, [group.name for group in customers.groups]) == ("customers", [CUSTOMER])
    assert list(customers.by_column) == ["segment", "income"]
    assert orders.data.format.separator == "\t"
    (written,) = contract_document(orders)["groups"]
    assert written["name"] == ORDER and written["file"] == "order.parquet"


def test_a_source_is_named_where_there_are_several() -> None:
    assert read().raw_source("orders").name == "orders"
    for name in (None, "shop"):
        with pytest.raises(ConfigError, match=r"Name one of: customers, orders\."):
            read().raw_source(name)


def test_the_only_source_needs_no_name(case: UseCase) -> None:
    def of_orders(shop: dict[str, Any]) -> None:
        del shop["sources"]["customers"], shop["feature_groups"][0]
        shop["feature_groups"][0].pop("from")
        shop["models"][0]["dataset"] = {}
        shop["models"][0]["training"] |= {"features": ["amount"], "one_hot": []}

    assert read(of_orders).raw_source().name == "orders"
    assert case.raw_source().name is None
    with pytest.raises(ConfigError, match="name none"):
        case.raw_source("orders")


def test_two_sources_may_have_features_and_columns_of_one_name() -> None:
    def alike(shop: dict[str, Any]) -> None:
        shop["sources"]["customers"]["columns"].append("Betrag")
        of_customer = {"name": "amount", "source": "Betrag", "type": "Fractional"}
        shop["feature_groups"][0]["features"].append(of_customer)
        shop["models"][0]["dataset"]["groups"][1]["rename"] = {"amount": "turnover"}

    case = read(alike)
    assert list(case.columns(case.models[0]))[-1] == "turnover"


def test_a_model_waits_for_the_sources_that_its_dataset_reads() -> None:
    def of_orders_alone(shop: dict[str, Any]) -> None:
        model = shop["models"][0]
        model["dataset"] = {"groups": [{"group": ORDER}]}
        model["training"] |= {"features": ["amount"], "one_hot": []}

    case = read(of_orders_alone)
    assert [group.name for group in case.groups_behind(case.models[0])] == [ORDER]
    case = read()
    assert [group.name for group in case.groups_behind(case.models[0])] == [CUSTOMER, ORDER]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda shop: shop.pop("sources"), "give `data`, the one raw file, or `sources`"),
        (
            lambda shop: shop.update(data=deepcopy(shop["sources"]["orders"])),
            "give `data`, the one raw file, or `sources`, several by name; not both",
        ),
        (
            lambda shop: shop["feature_groups"][0].pop("from"),
            "shop-customer.from: the key is missing: which source it comes from",
        ),
        (
            lambda shop: shop["feature_groups"][0].update({"from": "clients"}),
            "shop-customer.from: 'clients' is none of the `sources`; allowed: customers, orders",
        ),
        (
            lambda shop: shop["sources"].update(returns=deepcopy(shop["sources"]["orders"])),
            "sources.returns: it fills no feature group; name it in the `from` of one",
        ),
        (
            lambda shop: shop["sources"].update(all=deepcopy(shop["sources"]["orders"])),
            "sources.all: this word means all of them",
        ),
        (
            lambda shop: shop["sources"].update({"Shop A": deepcopy(shop["sources"]["orders"])}),
            "sources.Shop A",
        ),
        (
            lambda shop: shop["sources"]["orders"]["columns"].append("Kommentar"),
            "sources.orders.columns: no feature describes Kommentar",
        ),
        (
            lambda shop: shop["feature_groups"][0]["features"].append(
                {"name": "x", "type": "Fractional", "derive": {"op": "log1p", "of": ["amount"]}}
            ),
            "x.derive.of: 'amount' is no numeric feature with a source of customers",
        ),
        (
            lambda shop: shop["models"][0]["dataset"]["groups"][1].pop("on"),
            "dataset.groups.1.on: the key is missing: shop-customer is of another raw source",
        ),
        (
            lambda shop: shop["models"][0].pop("dataset"),
            "dataset.groups.1.on: the key is missing: shop-order is of another raw source",
        ),
        (
            lambda shop: shop["feature_groups"][1]["features"][0].update(type="Integral"),
            "dataset.groups.1.on: 'customer' is no String",
        ),
    ],
)
def test_a_mistake_names_the_key_and_what_is_allowed(
    change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(change)
    assert message in str(caught.value)
    assert str(caught.value).startswith("shop.yaml: ")


def test_from_is_of_a_use_case_with_sources() -> None:
    def one_file(shop: dict[str, Any]) -> None:
        shop["data"] = shop.pop("sources")["orders"]

    with pytest.raises(ConfigError, match="the use case has one raw file, `data`; take the key"):
        read(one_file)
