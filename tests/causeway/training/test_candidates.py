"""Candidates: listed, every combination of a grid, or drawn with a seed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.errors import ConfigError
from causeway.topology.accounts import Topology
from causeway.training import candidates
from causeway.use_cases.training_specs import Training
from causeway.use_cases.use_case import ModelSpec


def test_the_published_parameters_are_among_the_candidates(model: ModelSpec) -> None:
    published = {
        "max_depth": 5,
        "eta": 0.1,
        "gamma": 4,
        "min_child_weight": 6,
        "subsample": 0.8,
        "num_boost_round": 50,
    }
    parameter_sets = [dict(c.hyperparameters) for c in candidates.candidates(model)]
    assert len(parameter_sets) >= 4
    assert any(published.items() <= candidate.items() for candidate in parameter_sets)


@given(st.integers(0, 10_000))
def test_a_seed_draws_other_candidates_and_always_the_same(seed: int) -> None:
    from causeway.use_cases.files import use_case

    model = use_case("credit_risk").models[0]
    draws = candidates.candidates(model, seed)
    assert draws == candidates.candidates(model, seed)
    declared = {c.digest for c in candidates.candidates(model)}
    assert len({c.digest for c in draws}) == len(draws) == len(declared)
    assert not declared & {c.digest for c in draws}


def searching(model: ModelSpec, search: dict[str, Any]) -> ModelSpec:
    """Return the model with a search space in place of its candidates."""
    fields = {**model.training.model_dump(), "candidates": (), "search": search}
    return model.model_copy(update={"training": Training.model_validate(fields)})


def test_a_grid_has_every_combination_once(model: ModelSpec) -> None:
    space = {"eta": {"choices": [0.1, 0.2]}, "max_depth": {"choices": [3, 4, 5]}}
    grid = candidates.candidates(searching(model, {"method": "grid", "space": space}))
    pairs = [(c.hyperparameters["eta"], c.hyperparameters["max_depth"]) for c in grid]
    assert pairs == [(0.1, 3), (0.1, 4), (0.1, 5), (0.2, 3), (0.2, 4), (0.2, 5)]
    assert [c.name for c in grid] == ["c1", "c2", "c3", "c4", "c5", "c6"]


@given(st.integers(0, 10_000), st.integers(1, 20))
def test_candidates_drawn_from_ranges_stay_inside_and_are_always_the_same(
    seed: int, count: int
) -> None:
    from causeway.use_cases.files import use_case

    space = {
        "eta": {"low": 0.01, "high": 0.3, "log": True},
        "max_depth": {"low": 3, "high": 9},
        "num_boost_round": {"low": 10, "high": 1000, "log": True},
        "subsample": {"low": 0.5, "high": 1.0},
    }
    drawing = {"seed": seed, "count": count, "space": space}
    model = searching(use_case("credit_risk").models[0], drawing)
    draws = candidates.candidates(model)
    assert draws == candidates.candidates(model)
    assert len({c.digest for c in draws}) == len(draws) == count
    for candidate in draws:
        for name, dimension in space.items():
            value = candidate.hyperparameters[name]
            assert dimension["low"] <= value <= dimension["high"]
            assert isinstance(value, type(dimension["low"]))


def test_metric_definitions_are_for_own_images_alone(model: ModelSpec, topology: Topology) -> None:
    assert candidates.metric_definitions(model.training, topology) == {}
    own = "222222222222.dkr.ecr.eu-central-1.amazonaws.com/sagemaker-xgboost:3.0-5"
    for image in (own, own.replace("sagemaker-xgboost", "our-trees")):
        mine = topology.model_copy(update={"images": {"xgboost": image}})
        definitions = candidates.metric_definitions(model.training, mine)
        assert definitions["validation:auc"] == "validation-auc:([0-9.]+)"


def test_a_seed_needs_something_to_draw_from(model: ModelSpec) -> None:
    for search in (None, {"space": {"eta": {"choices": [0.1]}}}):
        bare = model.training.model_validate({**model.training.model_dump(), "search": search})
        with pytest.raises(ConfigError, match=r"training\.search"):
            candidates.candidates(model.model_copy(update={"training": bare}), 1)


def test_hyperparameters_travel_as_text(model: ModelSpec) -> None:
    assert candidates.candidates(model)[0].as_strings()["eta"] == "0.1"
