"""From purchases by day to what the models read: x, t_x, T and mean spend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm.errors import ValidationFailed
from crm.value.arrays import Bools, Floats, Ints, same_length
from crm.value.history import History


@dataclass(frozen=True)
class Days:
    """Money by customer and day, m rows, sorted by customer, then day, each pair once.

    customer: any integer key; day: days since some epoch; revenue, margin: net of refunds, in one currency.
    """

    customer: Ints
    day: Ints
    revenue: Floats
    margin: Floats


def roll_up(customer: Ints, day: Ints, revenue: Floats, margin: Floats | None = None) -> Days:
    """Sum purchases and refunds of the same customer and day, shape (n,) each, into `Days`."""
    margin = revenue if margin is None else margin
    if same_length(customer=customer, day=day, revenue=revenue, margin=margin) == 0:
        return Days(customer, day, revenue, margin)
    order = np.lexsort((day, customer))
    customer, day = customer[order], day[order]
    new = np.flatnonzero(np.diff(customer, prepend=customer[0] - 1) | np.diff(day, prepend=day[0]))
    return Days(customer[new], day[new], np.add.reduceat(revenue[order], new), np.add.reduceat(margin[order], new))


@dataclass(frozen=True)
class Features:
    """What is known of the n customers who bought at least once by the end of observation, ordered by key.

    customer, first_day, last_day: shape (n,). history: x, t_x, T in the chosen unit. spend, margin: mean
    over the repeat purchase days, the first left out; NaN where x = 0.
    """

    customer: Ints
    first_day: Ints
    last_day: Ints
    history: History
    spend: Floats
    margin: Floats


def features(days: Days, *, end: int, unit_days: float = 7, zero_counts: bool = False) -> Features:
    """Features at the close of day `end`; days after it are not seen.

    A day whose net revenue is zero or less is no purchase; `zero_counts` takes days of exactly zero too, for data
    with free goods and no refunds, as CDNOW. `unit_days` is the unit of t_x and T (7: weeks).
    ValidationFailed when nobody bought by `end`.
    """
    bought = _purchases(days, zero_counts) & (days.day <= end)
    customer, day = days.customer[bought], days.day[bought]
    if not len(customer):
        raise ValidationFailed("Nobody bought anything by the end of observation.", path=("end",))
    first = np.flatnonzero(np.diff(customer, prepend=customer[0] - 1))
    purchases = np.diff(first, append=len(customer))
    first_day, last_day = day[first], day[first + purchases - 1]
    x = (purchases - 1).astype(np.float64)
    history = History(x, (last_day - first_day) / unit_days, (end - first_day) / unit_days)
    spend = _repeat_mean(days.revenue[bought], first, x)
    margin = _repeat_mean(days.margin[bought], first, x)
    return Features(customer[first], first_day, last_day, history, spend, margin)


def _repeat_mean(money: Floats, first: Ints, x: Floats) -> Floats:
    repeat = money.copy()
    repeat[first] = 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = np.add.reduceat(repeat, first) / x
    return mean


def _purchases(days: Days, zero_counts: bool) -> Bools:
    return days.revenue >= 0 if zero_counts else days.revenue > 0


def purchases_between(days: Days, customer: Ints, *, after: int, end: int, zero_counts: bool = False) -> Floats:
    """Purchase days in (after, end] of each of the given (sorted, distinct) customers, shape (n,): the
    holdout.
    """
    seen = _purchases(days, zero_counts) & (days.day > after) & (days.day <= end)
    keys, counts = np.unique(days.customer[seen], return_counts=True)
    result = np.zeros(len(customer))
    place = np.searchsorted(customer, keys)
    known = (place < len(customer)) & (customer[np.minimum(place, len(customer) - 1)] == keys)
    result[place[known]] = counts[known]
    return result
