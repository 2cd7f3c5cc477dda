"""What customers are worth: facts and forecast of everybody, and what must be known of all before one can be placed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from crm.value import clv, growth, models, profit, rfm
from crm.value.arrays import Floats, Ints
from crm.value.assumptions import MICRO, Assumptions
from crm.value.book import Book
from crm.value.findings import Findings, plain
from crm.value.fitted import Fitted
from crm.value.scoring import Facts, Forecast, axes, facts, forecast, recency_scores, rfm_cuts

TIER_SHARES = (0.01, 0.05, 0.2, 0.8)


@dataclass(frozen=True)
class Worth:
    """All that is computed of the customers of one book."""

    book: Book
    facts: Facts
    forecast: Forecast | None

    @property
    def residual(self) -> Floats:
        """Predicted value of everybody, 0 where there is no forecast."""
        return spread(self.book, self.forecast.residual) if self.forecast else np.zeros(len(self.book))

    @property
    def total(self) -> Floats:
        """Profit so far and predicted value, in the currency, shape (n,)."""
        return clv.total_value(self.facts.profit / MICRO, self.residual)


def slices(worth: Worth, size: int) -> Iterator[tuple[slice, Worth]]:
    """The same, some customers at a time: all columns of everybody at once would take too much memory."""
    before = np.concatenate([[0], np.cumsum(worth.book.bought)])
    for start in range(0, len(worth.book), size):
        here = slice(start, min(start + size, len(worth.book)))
        buyers = slice(int(before[here.start]), int(before[here.stop]))
        ahead = worth.forecast.cut(buyers) if worth.forecast else None
        yield here, Worth(worth.book.cut(here), worth.facts.cut(here), ahead)


def find(book: Book, assumed: Assumptions, fitted: Fitted) -> tuple[Findings, Worth]:
    """Everything that must be known of all customers before one can be scored, and the score of all."""
    first = facts(book, assumed)
    revenue = float(first.revenue.sum())
    findings = Findings(
        model=fitted.model,
        parameters=fitted.parameters,
        spend=fitted.spend,
        mean_spend=fitted.mean_spend,
        variation=fitted.variation,
        level=fitted.level,
        segments=fitted.segments,
        lacking=fitted.lacking,
        categories=book.categories,
        category_margins=book.category_margins,
        offers=growth.offers(book.owned, len(book.categories)) if book.owned is not None else (),
        contribution=float((first.margin - first.serving).sum()) / revenue if revenue > 0 else 0.0,
        purchase_size=revenue / MICRO / max(1, int(book.rows["purchases"].sum())),
    )
    worth = score(book, assumed, findings)
    findings = _place(worth, assumed, findings)
    return findings, worth


def score(book: Book, assumed: Assumptions, findings: Findings) -> Worth:
    """Facts and forecast of the customers of a book under given findings."""
    found = facts(book, assumed, findings)
    return Worth(book, found, forecast(book, found.contribution, assumed, findings))


def _place(worth: Worth, assumed: Assumptions, findings: Findings) -> Findings:
    """The findings with the cuts that place each customer among all."""
    book = worth.book
    price, cost = axes(book, worth.facts)
    seen = np.isfinite(price) & np.isfinite(cost)
    findings = replace(
        findings,
        price_cut=_dividing(price[seen], assumed.price_cut),
        cost_cut=_dividing(cost[seen], assumed.cost_cut),
        tier_cuts=_tier_cuts(worth.total),
        new_customer=_newcomer(assumed, findings),
    )
    if not book.bought.any():
        return findings
    recency, frequency, monetary = rfm_cuts(book)
    findings = replace(
        findings, recency_cuts=plain(recency), frequency_cuts=plain(frequency), monetary_cuts=plain(monetary)
    )
    return replace(findings, wallets=_wallets(worth, findings))


def _dividing(axis: Floats, chosen: Decimal | None) -> float | None:
    """The chosen cut or the median, unless it leaves everybody on one side: then it says nothing of anybody."""
    if not len(axis):
        return None
    cut = float(np.median(axis)) if chosen is None else float(chosen)
    return cut if (axis > cut).any() and (axis <= cut).any() else None


def _tier_cuts(values: Floats) -> tuple[float, ...]:
    if not len(values):
        return (0.0,) * len(TIER_SHARES)
    placed = profit.tiers(values, TIER_SHARES)
    return tuple(float(values[placed <= best].min()) for best in range(len(TIER_SHARES)))


def _newcomer(assumed: Assumptions, findings: Findings) -> float | None:
    if findings.model is None:
        return None
    model = models.model(findings.model)
    return clv.value_of_a_new_customer(
        model, findings.parameters, assumed.clv_horizon, findings.mean_spend, findings.contribution
    )


def _wallets(worth: Worth, findings: Findings) -> dict[str, float]:
    if worth.forecast is None:
        return {}
    number, spend = group_numbers(worth.book, findings), worth.forecast.spend
    return {
        name: float(np.quantile(spend[number == at], 0.75))
        for at, name in enumerate(rfm.GROUPS)
        if (number == at).any()
    }


# The number of the group of each cell of recency and frequency scores; names of a million customers are heavy.
_NUMBERS = np.array(
    [[rfm.GROUPS.index(str(rfm.group(np.array([r]), np.array([f]))[0])) for f in range(1, 6)] for r in range(1, 6)]
)


def group_numbers(book: Book, findings: Findings) -> Ints:
    """The place in `rfm.GROUPS` of each buyer's group, shape (m,)."""
    recency, frequency, _ = recency_scores(book, findings)
    numbers: Ints = _NUMBERS[recency - 1, frequency - 1]
    return numbers


def spread(book: Book, values: Floats, missing: float = 0.0) -> Floats:
    """Values of the buyers, shape (m,), laid out over all customers, shape (n,)."""
    if len(values) == len(book):
        return values
    everybody = np.full(len(book), missing)
    everybody[book.bought] = values
    return everybody
