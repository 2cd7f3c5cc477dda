"""Days of purchases become x, t_x, T and mean spend, as the published conventions say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.errors import ValidationFailed
from crm.value.distinct import distinct
from crm.value.features import Days, features, purchases_between, roll_up

LINES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30), st.integers(-50, 100)), min_size=1, max_size=60)


def days(*rows: tuple[int, int, float]) -> Days:
    customer, day, revenue = zip(*rows, strict=True)
    return roll_up(np.array(customer), np.array(day), np.array(revenue, dtype=float))


def test_the_first_day_counts_for_time_and_not_for_spend() -> None:
    seen = features(days((7, 0, 100), (7, 14, 30), (7, 21, 50)), end=35)
    history = seen.history
    assert (history.x[0], history.t_x[0], history.T[0], seen.spend[0]) == (2, 3, 5, 40)


def test_purchases_of_one_day_are_one_purchase() -> None:
    seen = features(days((7, 0, 10), (7, 0, 10), (7, 7, 30), (7, 7, 5)), end=7)
    assert (seen.history.x[0], seen.spend[0]) == (1, 35)


def test_all_orders_on_one_day_leave_spend_unknown() -> None:
    seen = features(days((7, 3, 10), (7, 3, 20)), end=10)
    assert seen.history.x[0] == 0
    assert np.isnan(seen.spend[0])


def test_a_day_that_was_refunded_is_no_purchase() -> None:
    seen = features(days((7, 0, 10), (7, 5, 30), (7, 5, -30), (7, 9, -4), (8, 1, -5)), end=10)
    assert seen.customer.tolist() == [7]
    assert (seen.history.x[0], seen.last_day[0]) == (0, 0)


def test_free_days_count_only_when_asked() -> None:
    bought = days((7, 0, 10), (7, 5, 0))
    assert [features(bought, end=9, zero_counts=counts).history.x[0] for counts in (False, True)] == [0, 1]


def test_the_future_is_not_seen_but_can_be_counted() -> None:
    bought = days((7, 0, 10), (7, 8, 20), (7, 12, 20), (9, 0, 5), (11, 8, 5))
    seen = features(bought, end=7)
    assert seen.customer.tolist() == [7, 9]
    assert purchases_between(bought, seen.customer, after=7, end=10).tolist() == [1, 0]


def test_nobody_bought_yet() -> None:
    with pytest.raises(ValidationFailed, match="Nobody bought anything"):
        features(days((7, 20, 10)), end=7)


@given(LINES)
def test_features_equal_a_plain_loop(lines: list[tuple[int, int, int]]) -> None:
    totals: dict[int, dict[int, int]] = {}
    for customer, day, amount in lines:
        totals.setdefault(customer, {}).setdefault(day, 0)
        totals[customer][day] += amount
    bought = {c: sorted(d for d, sum_ in by.items() if sum_ > 0 and d <= 20) for c, by in totals.items()}
    expected = [(c, len(d) - 1, d[-1] - d[0], 20 - d[0]) for c, d in sorted(bought.items()) if d]
    if expected:
        seen = features(days(*lines), end=20, unit_days=1)
        columns = seen.customer, seen.history.x, seen.history.t_x, seen.history.T
        assert list(zip(*(c.tolist() for c in columns), strict=True)) == expected


@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.1, 3.0, 1e9])] * 3), max_size=40))
def test_distinct_rows_go_back_to_where_they_came_from(rows: list[tuple[float, ...]]) -> None:
    columns = tuple(np.array(rows, dtype=float).reshape(-1, 3).T)
    found = distinct(*columns)
    assert len(found.counts) == len(set(rows))
    assert found.counts.sum() == len(rows)
    for column, kept in zip(columns, found.columns, strict=True):
        np.testing.assert_array_equal(kept[found.index], column)


def test_distinct_rows_are_evaluated_once_in_pieces() -> None:
    sizes: list[int] = []
    found = distinct(np.arange(10.0).repeat(3))
    result = found.once(lambda x: (sizes.append(len(x)), x * 2)[1], chunk=4)
    assert sizes == [4, 4, 2]
    np.testing.assert_array_equal(result, np.arange(10.0).repeat(3) * 2)
