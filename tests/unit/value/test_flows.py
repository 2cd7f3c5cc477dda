"""Markov chains, survival and baskets beyond their published examples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import ValidationFailed
from crm.value import markov
from crm.value.crosssell import pairs, uplift
from crm.value.survival import kaplan_meier

FUNNEL = np.array([[0.5, 0.3, 0.0, 0.2], [0.0, 0.4, 0.5, 0.1], [0, 0, 1, 0], [0, 0, 0, 1]])


def test_transitions_are_counted_with_their_errors() -> None:
    moved = markov.transitions(np.array([0, 0, 0, 0, 1]), np.array([0, 1, 1, 1, 1]), 3)
    assert moved.counts.tolist() == [[1, 3, 0], [0, 1, 0], [0, 0, 0]]
    np.testing.assert_allclose(moved.probabilities[0], [0.25, 0.75, 0])
    assert moved.standard_errors[0, 0] == pytest.approx((0.25 * 0.75 / 4) ** 0.5)


def test_a_state_that_nobody_left_is_kept_and_marked_unknown() -> None:
    moved = markov.transitions(np.array([0]), np.array([0]), 2)
    assert moved.probabilities[1].tolist() == [0, 1]
    assert np.isinf(moved.standard_errors[1]).all()


def test_a_prior_pulls_towards_evenness() -> None:
    moved = markov.transitions(np.array([0, 0]), np.array([0, 0]), 2, prior=1.0)
    np.testing.assert_allclose(moved.probabilities, [[0.75, 0.25], [0.5, 0.5]])


def test_absorption_of_a_sales_funnel() -> None:
    ends = markov.absorption(FUNNEL, np.array([2, 3]))
    np.testing.assert_allclose(ends.stays, [[2, 1], [0, 1 / 0.6]])
    np.testing.assert_allclose(ends.ends, [[0.5, 0.5], [5 / 6, 1 / 6]])
    np.testing.assert_allclose(ends.duration, [3, 1 / 0.6])


def test_states_that_never_end_are_refused() -> None:
    with pytest.raises(ValidationFailed, match="never lead to an absorbing one"):
        markov.absorption(np.eye(2), np.array([1]))


def test_rows_must_add_up_to_one() -> None:
    with pytest.raises(ValidationFailed, match="Row 1 .* adds up to 0.9"):
        markov.value(np.array([[1.0, 0], [0.4, 0.5]]), np.ones(2), 0.1)


def test_many_periods_come_to_the_value_without_end() -> None:
    reward = np.array([1.0, 2, 3, 4])
    np.testing.assert_allclose(markov.value(FUNNEL, reward, 0.1, 500), markov.value(FUNNEL, reward, 0.1), rtol=1e-9)


@pytest.mark.parametrize(("chain", "index"), [(np.eye(3), 0.0), (np.full((3, 3), 1 / 3), 1.0)])
def test_mobility(chain: np.ndarray, index: float) -> None:
    assert markov.mobility(chain) == pytest.approx(index)


@given(st.lists(st.integers(0, 20), min_size=1, max_size=60))
def test_without_open_stays_the_curve_is_the_share_left(durations: list[int]) -> None:
    curve = kaplan_meier(durations, np.ones(len(durations), dtype=bool))
    left = [np.mean(np.array(durations) > time) for time in range(22)]
    np.testing.assert_allclose(curve.at(np.arange(22)), left, atol=1e-12)


def test_stays_that_are_all_open_never_end() -> None:
    curve = kaplan_meier([3, 5], np.array([False, False]))
    assert curve.at([0, 100]).tolist() == [1, 1]
    assert curve.median is None


def test_weighted_stays_equal_repeated_stays() -> None:
    ended = np.array([True, False, True])
    weighted = kaplan_meier([1, 2, 3], ended, np.array([2.0, 1, 3]))
    repeated = kaplan_meier([1, 1, 2, 3, 3, 3], np.array([1, 1, 0, 1, 1, 1], dtype=bool))
    np.testing.assert_allclose(weighted.survival, repeated.survival)


def test_confidence_limits_enclose_the_curve_within_zero_and_one() -> None:
    curve = kaplan_meier([1, 2, 3, 4, 5], np.array([1, 1, 0, 1, 1], dtype=bool))
    low, high = curve.interval()
    assert np.all((low >= 0) & (low <= curve.survival) & (curve.survival <= high) & (high <= 1))


@pytest.mark.parametrize(("durations", "message"), [([-1.0], "cannot end before it begins"), ([], "at least one stay")])
def test_impossible_stays_are_refused(durations: list[float], message: str) -> None:
    with pytest.raises(ValidationFailed, match=message):
        kaplan_meier(durations, np.ones(len(durations), dtype=bool))


def baskets() -> tuple[np.ndarray, np.ndarray]:
    """60 baskets: 30 with 0 and 1 together, 10 with 0 alone, 20 with 2; item 0 twice on each receipt."""
    rows = [(b, i) for b in range(30) for i in (0, 0, 1)]
    rows += [(b, 0) for b in range(30, 40)] + [(b, 2) for b in range(40, 60)]
    basket, item = np.array(rows).T
    return basket, item


def test_pairs_have_support_confidence_and_lift() -> None:
    found = pairs(*baskets())
    assert list(zip(found.item.tolist(), found.other.tolist(), strict=True)) == [(0, 1), (1, 0)]
    assert found.together.tolist() == [30, 30]
    np.testing.assert_allclose(found.support, 0.5)
    np.testing.assert_allclose(found.confidence, [0.75, 1.0])
    np.testing.assert_allclose(found.lift, 60 * 30 / (40 * 30))
    np.testing.assert_allclose(found.leverage, 0.5 - 40 * 30 / 3600)
    np.testing.assert_allclose(found.conviction, [0.5 / 0.25, np.inf])


def test_rare_and_unproven_pairs_are_left_out() -> None:
    rng = np.random.default_rng(1)
    independent = rng.integers(0, 4000, 20_000), rng.integers(0, 10, 20_000)
    # Each direction of a pair has a one-sided chance of 2.5% to look associated: 90 ordered pairs, few survive.
    assert len(pairs(*independent).item) <= 10
    assert len(pairs(*baskets(), least=31).item) == 0


def test_uplift_against_a_control_group() -> None:
    result = uplift(1000, 120, 500, 40, margin=50, cost=1000)
    assert (result.uplift, result.value) == (pytest.approx(0.04), pytest.approx(1000))
    assert result.standard_error == pytest.approx((0.12 * 0.88 / 1000 + 0.08 * 0.92 / 500) ** 0.5)


def test_uplift_needs_a_control_group() -> None:
    with pytest.raises(ValidationFailed, match="control group"):
        uplift(10, 1, 0, 0, margin=1, cost=0)
