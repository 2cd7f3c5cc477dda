"""RFM scores share ties, and every cell has one name."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import ValidationFailed
from crm.value import rfm

VALUES = st.lists(st.integers(0, 50), min_size=1, max_size=50).map(lambda v: np.array(v, dtype=float))


def test_scores_follow_the_cut_points_of_the_rfm_package() -> None:
    """Cut points are the interpolated quintiles plus one: of 1..10 these are 2.8 4.6 6.4 8.2 and one more."""
    values = np.arange(1.0, 11)
    cuts = rfm.cut_points(values)
    np.testing.assert_allclose(cuts, (3.8, 5.6, 7.4, 9.2))
    assert rfm.score(values, cuts).tolist() == [1, 1, 1, 2, 2, 3, 3, 4, 4, 5]


def test_recency_is_scored_in_reverse() -> None:
    assert rfm.score(np.array([0.0, 400.0]), np.array([10.0, 20, 50, 90]), reverse=True).tolist() == [5, 1]


@given(VALUES, st.booleans())
def test_ties_share_a_score_and_order_is_kept(values: np.ndarray, reverse: bool) -> None:
    scores = rfm.score(values, rfm.cut_points(values), reverse=reverse)
    assert scores.min() >= 1
    assert scores.max() <= 5
    by_value = scores[np.argsort(values)]
    assert np.all(np.diff(by_value) * (-1 if reverse else 1) >= 0)
    assert len({(v, s) for v, s in zip(values, scores, strict=True)}) == len(set(values))


def test_equal_values_all_get_the_same_score() -> None:
    values = np.full(1000, 3.0)
    assert set(rfm.score(values, rfm.cut_points(values)).tolist()) == {1}


def test_splitting_evenly_makes_groups_of_one_size_like_ntile() -> None:
    scores = rfm.split_evenly(np.array([5.0, 1, 1, 1, 9, 7, 7]), groups=3)
    assert sorted(Counter(scores.tolist()).items()) == [(1, 3), (2, 2), (3, 2)]
    assert scores.tolist() == [2, 1, 1, 1, 3, 2, 3]


@pytest.mark.parametrize(
    ("recency", "frequency", "name"),
    [
        (1, 1, "HIBERNATING"),
        (2, 3, "AT_RISK"),
        (1, 5, "CANNOT_LOSE"),
        (3, 2, "ABOUT_TO_SLEEP"),
        (3, 3, "NEEDS_ATTENTION"),
        (4, 5, "LOYAL"),
        (4, 1, "PROMISING"),
        (5, 1, "NEW"),
        (5, 3, "POTENTIAL_LOYALIST"),
        (5, 4, "CHAMPION"),
    ],
)
def test_cells_have_their_usual_names(recency: int, frequency: int, name: str) -> None:
    assert rfm.group(np.array([recency]), np.array([frequency])).tolist() == [name]


def test_the_25_cells_fall_into_ten_groups() -> None:
    recency, frequency = np.divmod(np.arange(25), 5)
    assert set(rfm.group(recency + 1, frequency + 1).tolist()) == set(rfm.GROUPS)
    assert len(rfm.GROUPS) == 10


def test_scores_outside_one_to_five_are_refused() -> None:
    with pytest.raises(ValidationFailed, match="frequency scores must lie between 1 and 5"):
        rfm.group(np.array([1]), np.array([6]))


def test_no_customers_have_no_quantiles() -> None:
    with pytest.raises(ValidationFailed, match="no customers"):
        rfm.cut_points(np.array([]))
