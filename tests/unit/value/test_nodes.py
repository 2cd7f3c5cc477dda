"""Sums at few nodes are the sums over all times, where the function is smooth; where it is not, that is noticed."""

from __future__ import annotations

import numpy as np
import pytest

from crm.value.nodes import Nodes, gathered, good

NODES = Nodes(0.0, 200.0, 10.0, 20)


def test_the_shares_of_each_time_add_up_to_one_and_a_node_keeps_its_own() -> None:
    assert NODES.shares(np.linspace(0, 200, 999)).sum(axis=1) == pytest.approx(1)
    assert NODES.shares(NODES.at) == pytest.approx(np.eye(20), abs=1e-9)
    assert (NODES.at.min() >= 0, NODES.at.max() <= 200) == (True, True)


def test_sums_of_a_smooth_function_are_those_over_every_time() -> None:
    draws = np.random.default_rng(7)
    x, times = draws.integers(0, 3, 5000).astype(np.float64), draws.uniform(0, 200, 5000)
    weights = np.asarray(draws.lognormal(0, 1, (2, 5000)), dtype=np.float64)
    few_x, few_times, few = gathered(NODES, x, times, weights)
    assert few.shape == (2, 60)
    assert few @ ((few_x + 1) / (10 + few_times) ** 2) == pytest.approx(weights @ ((x + 1) / (10 + times) ** 2), 1e-12)
    assert few.sum(axis=1) == pytest.approx(weights.sum(axis=1))


@pytest.mark.parametrize(
    ("function", "smooth"), [(lambda t: 1 / (10 + t), True), (lambda t: np.abs(t - 100) + 1, False)]
)
def test_nodes_tell_whether_they_are_good_for_a_function(function: object, smooth: bool) -> None:
    assert good(NODES, lambda times: function(times)[:, None]) is smooth  # type: ignore[operator]
