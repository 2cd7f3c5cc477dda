"""Scores every customer of a book from what a run found: the figures of a value snapshot, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from crm.value import clv, gammagamma, intervals, matrix, models, purchases, rfm
from crm.value.arrays import Floats, Ints
from crm.value.assumptions import MICRO, Assumptions
from crm.value.book import Book
from crm.value.findings import LEVEL, Findings

LIFETIME_DAYS = 3650
FURTHEST_DAYS = 36_500.0
AT_ONCE = 200_000
"""Customers scored at once: enough to meet most histories twice, few enough for their memory."""
PRIOR_PURCHASES = 3.0
"""A customer's own contribution rate weighs as its purchases, that of all customers as so many."""


@dataclass
class Facts:
    """What happened, exact, in ten-thousandths of the currency; shape (n,) each, as the rows of the book."""

    revenue: Ints
    discounts: Ints
    goods: Ints
    margin: Ints
    serving: Ints
    acquisition: Ints
    profit: Ints
    contribution: Floats

    def cut(self, here: slice) -> Facts:
        return Facts(*(getattr(self, entry.name)[here] for entry in fields(self)))


@dataclass
class Forecast:
    """What is to come, for the buyers of the book in their order, shape (m,) each; money in the currency.

    wait: whole days until the next order, shape (m, 3): the median and the limits of the interval.
    """

    alive: Floats
    churn: Floats
    purchases: Floats
    per_purchase: Floats
    lifetime_days: Floats
    wait: NDArray[np.int32]
    residual: Floats
    low: Floats
    high: Floats

    @property
    def spend(self) -> Floats:
        """Money of the purchases of the horizon."""
        return self.purchases * self.per_purchase

    def cut(self, here: slice) -> Forecast:
        return Forecast(*(getattr(self, entry.name)[here] for entry in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Forecast]) -> Forecast:
        """The parts one after the other; they are used up, for both at once would take twice the memory."""
        columns = []
        for entry in fields(cls):
            columns.append(np.concatenate([getattr(part, entry.name) for part in parts]))
            for part in parts:
                setattr(part, entry.name, columns[-1][:0])
        return cls(*columns)


def facts(book: Book, assumed: Assumptions, findings: Findings | None = None) -> Facts:
    """Profit to date. With `findings` the contribution rate leans on that of all customers."""
    rows = book.rows
    revenue, goods = rows["revenue"], rows["goods"]
    rate = float(assumed.margin_rate)
    if assumed.margin_basis == "RATE":
        margin = np.rint(revenue * rate).astype(np.int64)
        goods = revenue - margin
    else:
        assumed_goods = np.rint(rows["uncosted"] * (1 - rate)).astype(np.int64)
        goods = goods + assumed_goods
        margin = revenue - goods
    serving, acquisition = rows["serving"], rows["acquisition"]
    contribution = _contribution(revenue, margin - serving, findings)
    return Facts(
        revenue, rows["list_revenue"] - revenue, goods, margin, serving, acquisition,
        margin - serving - acquisition, contribution,
    )  # fmt: skip


def _contribution(revenue: Ints, earned: Ints, findings: Findings | None) -> Floats:
    if findings is None:
        return np.zeros(len(revenue))
    weight = PRIOR_PURCHASES * findings.purchase_size * MICRO
    if weight <= 0:
        return np.full(len(revenue), findings.contribution)
    rate: Floats = (earned + weight * findings.contribution) / (revenue + weight)
    return rate


def forecast(book: Book, contribution: Floats, assumed: Assumptions, findings: Findings) -> Forecast | None:
    """What the buyers will do under the fitted models; None without one. contribution: of everybody, shape (n,)."""
    if findings.model is None or not book.bought.any():
        return None
    parts = []
    for start in range(0, len(book), AT_ONCE):
        some, rates = book.cut(slice(start, start + AT_ONCE)), contribution[start : start + AT_ONCE]
        if some.bought.any():
            parts.append(_by_segment(some, rates, assumed, findings))
    return parts[0] if len(parts) == 1 else Forecast.joined(parts)


def _by_segment(book: Book, contribution: Floats, assumed: Assumptions, findings: Findings) -> Forecast:
    """Each customer by the models of its segment; contribution: of everybody, shape (n,)."""
    used = findings.modelled(book.rows["cohort"].astype(np.int64))
    kinds = np.unique(used[book.bought])
    if len(kinds) == 1:
        return _forecast(book, contribution[book.bought], assumed, findings.of(int(kinds[0])))
    parts = []
    for kind in kinds:
        of_kind = used == kind
        some = book.of(of_kind)
        parts.append(_forecast(some, contribution[of_kind][some.bought], assumed, findings.of(int(kind))))
    back = np.argsort(np.concatenate([np.flatnonzero(used[book.bought] == kind) for kind in kinds]))
    together = Forecast.joined(parts)
    return Forecast(*(getattr(together, entry.name)[back] for entry in fields(Forecast)))


def _forecast(book: Book, contribution: Floats, assumed: Assumptions, findings: Findings) -> Forecast:
    model, p, history = models.model(str(findings.model)), findings.parameters, book.history
    t = assumed.horizon
    alive = purchases.p_alive(model, p, history)
    expected = purchases.expected_purchases(model, p, history, t, alive)
    spend = spend_per_purchase(book, findings)
    per_purchase = spend.mean
    worth = purchases.discounted_purchases(model, p, history, assumed.clv_horizon, alive)
    residual = clv.residual_value(worth, per_purchase, contribution)
    low, high = _interval(book, assumed, findings, alive, spend)
    limits = _limits(low, high, residual)
    unit = assumed.unit_days
    quantiles = (0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2)
    waits = np.stack([purchases.next_purchase_after(p, history, u) * unit for u in quantiles], axis=1)
    return Forecast(
        alive,
        purchases.churn_risk(model, p, history, t, alive),
        expected,
        per_purchase,
        purchases.expected_lifetime(model, p, history, LIFETIME_DAYS / unit, alive) * unit,
        np.rint(np.minimum(waits, FURTHEST_DAYS)).astype(np.int32),
        residual,
        *limits,
    )


def spend_per_purchase(book: Book, findings: Findings) -> gammagamma.Spend:
    """What is known of the money of one purchase of each buyer, shape (m,)."""
    x, z = book.history.x, np.nan_to_num(book.repeat_spend)
    if findings.spend:
        return gammagamma.spend(findings.spend, x, z)
    return gammagamma.known_spend((x * z + findings.mean_spend) / (x + 1), findings.variation)


def _interval(
    book: Book, assumed: Assumptions, findings: Findings, alive: Floats, spend: gammagamma.Spend
) -> tuple[Floats, Floats]:
    """Limits of the undiscounted money that each buyer brings until the horizon of value, over its expectation."""
    model, p = models.model(str(findings.model)), findings.parameters
    counts = purchases.purchase_counts(model, p, book.history, float(assumed.clv_horizon.ends[-1]), alive)
    low, high = intervals.money(counts, spend).limits(findings.level)
    whole = counts.chance * counts.mean * spend.mean
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole > 0, low / whole, 1.0), np.where(whole > 0, high / whole, 1.0)


def _limits(low: Floats, high: Floats, residual: Floats) -> tuple[Floats, Floats]:
    """Multiples of the expectation in money of today; a loss turns them round."""
    with np.errstate(invalid="ignore"):
        one, other = residual * low, residual * high
    return np.fmin(one, other), np.fmax(one, other)


def recency_scores(book: Book, findings: Findings) -> tuple[Ints, Ints, Ints]:
    """Scores 1..5 for recency, frequency and money of the buyers, shape (m,) each."""
    rows = book.buyers
    recency = rfm.score(_days_silent(book), np.array(findings.recency_cuts), reverse=True)
    frequency = rfm.score(rows["purchases"].astype(np.float64), np.array(findings.frequency_cuts))
    monetary = rfm.score(rows["revenue"] / MICRO, np.array(findings.monetary_cuts))
    return recency, frequency, monetary


def _days_silent(book: Book) -> Floats:
    return (book.end - book.buyers["last_day"]).astype(np.float64)


def rfm_cuts(book: Book) -> tuple[Floats, Floats, Floats]:
    """Cut points of the buyers' recency in days, purchase days and money."""
    rows = book.buyers
    return (
        rfm.cut_points(_days_silent(book)),
        rfm.cut_points(rows["purchases"].astype(np.float64)),
        rfm.cut_points(rows["revenue"] / MICRO, unit=1 / MICRO),
    )


def axes(book: Book, facts: Facts) -> tuple[Floats, Floats]:
    """Price realised and cost to serve over revenue, of everybody, shape (n,); NaN where there is no revenue."""
    revenue = facts.revenue.astype(np.float64)
    price = matrix.price_realised(revenue, book.rows["list_revenue"].astype(np.float64))
    return np.where(revenue > 0, price, np.nan), matrix.cost_ratio(facts.serving.astype(np.float64), revenue)


def tier(values: Floats, findings: Findings) -> Ints:
    """The tier 1 (best) to 5 of each value, shape (n,)."""
    cuts = np.array(findings.tier_cuts)
    found: Ints = 1 + (values[:, None] < cuts).sum(axis=1).astype(np.int64)
    return found
