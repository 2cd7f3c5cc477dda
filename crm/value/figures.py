"""Puts what happened and what is to come together into the figures of a snapshot, column by column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from crm.value import clv, matrix, models, profit, rfm
from crm.value.arrays import Bools, Floats, Ints
from crm.value.assumptions import MICRO, Assumptions
from crm.value.book import NEVER, Book
from crm.value.findings import Findings, plain
from crm.value.fitted import Fitted
from crm.value.lacks import Why
from crm.value.scoring import Facts, Forecast, axes, facts, forecast, recency_scores, rfm_cuts, tier

TIER_SHARES = (0.01, 0.05, 0.2, 0.8)
CELLS = tuple(matrix.CELLS.values())
# What a customer receives: ratings and kept promises; against them stand effort and price.
BENEFITS = {"satisfaction": 0.6, "promises_kept": 0.4}


class Kind(Enum):
    """How a column is written."""

    MONEY = "ten-thousandths"
    FLOAT = "float8"
    INT = "int4"
    SMALL = "int2"
    DAY = "days since 1970"
    TIME = "seconds since 1970"
    NAME = "number of a name"
    KEY = "a UUID"


@dataclass(frozen=True)
class Column:
    """Values, shape (n,), whether each is known (None: all are), and the names that numbers stand for."""

    kind: Kind
    values: NDArray[np.generic]
    known: Bools | None = None
    names: tuple[str, ...] = ()


Figures = dict[str, Column]


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


def figures(worth: Worth, assumed: Assumptions, findings: Findings, network: Floats) -> Figures:
    """All columns of the snapshots; network: value of the customers whom each brought, shape (n,)."""
    found = {
        **_past(worth, findings),
        **_groups(worth.book, findings),
        **_profit(worth),
        **_ahead(worth, assumed, findings),
        **_potentials(worth, assumed, findings, network),
        **_matrix(worth, findings),
        **_relationship(worth, findings),
        "fitted_on": _fitted_on(worth, assumed, findings),
    }
    bits = np.zeros(len(worth.book), dtype=np.int64)
    for why, where in _lacks(worth, assumed, findings).items():
        bits += np.where(where, int(why), 0)
    return {**found, "lacks": Column(Kind.INT, bits)}


def _fitted_on(worth: Worth, assumed: Assumptions, findings: Findings) -> Column:
    used = findings.modelled(worth.book.rows["cohort"].astype(np.int64))
    return Column(Kind.NAME, used, (used >= 0) & worth.book.bought, assumed.fit_segments or ("",))


def _lacks(worth: Worth, assumed: Assumptions, findings: Findings) -> dict[Why, Bools]:
    rows, nobody = worth.book.rows, np.zeros(len(worth.book), dtype=np.bool_)
    bought = worth.book.bought
    high = spread(worth.book, worth.forecast.high) if worth.forecast else np.zeros(len(rows))
    seen = rows["revenue"] > 0
    divided = findings.price_cut is not None and findings.cost_cut is not None
    return {
        Why.NO_PURCHASE: ~bought,
        Why.NO_MODEL: bought if worth.forecast is None else nobody,
        Why.NO_REVENUE: ~seen,
        Why.NO_RATING: np.isnan(rows["nps"]) & np.isnan(rows["csat"]),
        Why.NO_EFFORT: np.isnan(rows["ces"]),
        Why.NO_PROMISE: np.isnan(rows["kept"]),
        Why.NO_STAFF: np.isnan(rows["top_share"]),
        Why.NO_POINT_VALUE: ~nobody if assumed.learning_point_value is None else nobody,
        Why.NO_LIMIT: bought & ~np.isfinite(high),
        Why.NO_NEWCOMER: ~bought if findings.new_customer is None else nobody,
        Why.NO_CELL: ~seen if divided else ~nobody,
    }


def money(values: Floats, known: Bools | None = None) -> Column:
    """Money of models, rounded to what the database holds; what is not finite or too large for it is unknown."""
    fits = np.abs(values) < 1e13
    seen = fits if known is None else fits & known
    return Column(Kind.MONEY, np.rint(np.where(seen, values, 0.0) * MICRO).astype(np.int64), seen)


def _past(worth: Worth, findings: Findings) -> Figures:
    book, bought = worth.book, worth.book.bought
    rows = book.rows
    found = {
        "recency_days": Column(Kind.INT, book.end - np.where(bought, rows["last_day"], 0), bought),
        "frequency": Column(Kind.INT, rows["purchases"], bought),
        "monetary": Column(Kind.MONEY, rows["revenue"], bought),
        "first_order_on": Column(Kind.DAY, np.where(bought, rows["first_day"], 0), rows["first_day"] != NEVER),
        "last_order_on": Column(Kind.DAY, np.where(bought, rows["last_day"], 0), rows["last_day"] != NEVER),
        "orders": Column(Kind.INT, rows["orders"]),
    }
    if not bought.any():
        return found
    names = ("recency_score", "frequency_score", "monetary_score")
    scores = zip(names, recency_scores(book, findings), strict=True)
    return found | {
        name: Column(Kind.SMALL, spread(book, values.astype(np.float64)), bought) for name, values in scores
    }


def _groups(book: Book, findings: Findings) -> Figures:
    """The named group, the one before it, and since when it is so."""
    rows, now = book.rows, np.full(len(book), -1)
    if book.bought.any():
        now[book.bought] = group_numbers(book, findings)
    was = rows["prior_group"].astype(np.int64)
    changed = (was >= 0) & (now >= 0) & (was != now)
    previous = np.where(changed, was, rows["prior_previous"])
    since = np.where(changed, book.at, rows["changed_at"])
    return {
        "rfm_group": Column(Kind.NAME, now, now >= 0, rfm.GROUPS),
        "previous_rfm_group": Column(Kind.NAME, previous, previous >= 0, rfm.GROUPS),
        "rfm_changed_at": Column(Kind.TIME, since, changed | ~np.isnan(rows["changed_at"])),
    }


def _profit(worth: Worth) -> Figures:
    found = worth.facts
    columns = {
        "revenue": found.revenue,
        "discounts": found.discounts,
        "cost_of_goods": found.goods,
        "gross_margin": found.margin,
        "cost_to_serve": found.serving,
        "acquisition_cost": found.acquisition,
        "net_profit": found.profit,
        "clv_historical": found.profit,
    }
    return {name: Column(Kind.MONEY, values) for name, values in columns.items()}


def _ahead(worth: Worth, assumed: Assumptions, findings: Findings) -> Figures:
    book, ahead, bought = worth.book, worth.forecast, worth.book.bought
    rate = Column(Kind.FLOAT, worth.facts.contribution)
    if ahead is None:
        return {"contribution_rate": rate, "allowable_acquisition": _allowable(worth, findings)}
    historical = worth.facts.profit[bought] / MICRO
    shares = {"p_alive": ahead.alive, "churn_risk": ahead.churn, "expected_purchases": ahead.purchases}
    amounts = {
        "expected_spend": ahead.spend,
        "expected_order_value": ahead.per_purchase,
        "clv_residual": ahead.residual,
        "clv": clv.total_value(historical, ahead.residual),
        "clv_low": historical + ahead.low,
        "clv_high": historical + ahead.high,
        "value_at_risk": np.maximum(ahead.residual, 0.0) * ahead.churn,
        "allowable_retention": clv.allowable_retention_spend(
            ahead.residual, ahead.churn, float(assumed.retention_success)
        ),
    }
    shares["expected_lifetime_days"] = ahead.lifetime_days
    return {
        "contribution_rate": rate,
        "allowable_acquisition": _allowable(worth, findings),
        **{name: Column(Kind.FLOAT, spread(book, values), bought) for name, values in shares.items()},
        **{name: money(spread(book, values), bought) for name, values in amounts.items()},
        **_next_orders(book, ahead),
    }


def _next_orders(book: Book, ahead: Forecast) -> Figures:
    names = ("next_order_on", "next_order_low", "next_order_high")
    return {
        name: Column(Kind.DAY, book.end + np.rint(spread(book, wait)).astype(np.int64), book.bought)
        for name, wait in zip(names, ahead.wait.T, strict=True)
    }


def _allowable(worth: Worth, findings: Findings) -> Column:
    """What acquiring the customer may cost, or might have cost: all that it brings, the cost of winning it apart."""
    bought = worth.book.bought
    whole = np.maximum(worth.total + worth.facts.acquisition / MICRO, 0.0)
    new = findings.new_customer
    return money(np.where(bought, whole, new or 0.0), bought | (new is not None))


def _potentials(worth: Worth, assumed: Assumptions, findings: Findings, network: Floats) -> Figures:
    """Growth: the gap to the upper quartile of alike customers; networking: of whom they brought; learning: points."""
    book, bought = worth.book, worth.book.bought
    value = float(assumed.learning_point_value or 0)
    found = {
        "networking_potential": money(network),
        "learning_potential": money(
            book.rows["points"] * value, np.full(len(book), assumed.learning_point_value is not None)
        ),
    }
    if worth.forecast is None:
        return found
    wallet = np.array([findings.wallets.get(name, 0.0) for name in rfm.GROUPS])[group_numbers(book, findings)]
    gap = np.maximum(wallet - worth.forecast.spend, 0.0)
    growth = gap * np.maximum(worth.facts.contribution[bought], 0.0) * float(assumed.capture_rate)
    return found | {"growth_potential": money(spread(book, growth), bought)}


def _matrix(worth: Worth, findings: Findings) -> Figures:
    price, cost = axes(worth.book, worth.facts)
    seen = np.isfinite(price) & np.isfinite(cost)
    found = {
        "price_realisation": Column(Kind.FLOAT, np.nan_to_num(price), np.isfinite(price)),
        "cost_to_serve_ratio": Column(Kind.FLOAT, np.nan_to_num(cost), np.isfinite(cost)),
        "value_tier": Column(Kind.SMALL, tier(worth.total, findings)),
    }
    if findings.price_cut is None or findings.cost_cut is None:
        return found
    numbers = {name: number for number, name in enumerate(CELLS)}
    table = np.array([numbers[matrix.CELLS[high, dear]] for high in (False, True) for dear in (False, True)])
    cell: Ints = table[2 * (price > findings.price_cut) + (cost > findings.cost_cut)]
    return found | {"matrix_cell": Column(Kind.NAME, cell, seen, CELLS)}


def _relationship(worth: Worth, findings: Findings) -> Figures:
    """Breadth of contacts, and what the customer receives: satisfaction, ease, kept promises, 0..1."""
    rows = worth.book.rows
    satisfaction = _mean(rows["nps"], rows["csat"])
    shares = {
        "top_contact_share": rows["top_share"],
        "satisfaction": satisfaction,
        "ease": rows["ces"],
        "promises_kept": rows["kept"],
        "delivered_value": _delivered(worth, findings, satisfaction),
    }
    columns = {name: Column(Kind.FLOAT, np.nan_to_num(values), ~np.isnan(values)) for name, values in shares.items()}
    return {"contact_breadth": Column(Kind.SMALL, rows["breadth"]), **columns}


def _mean(*columns: Floats) -> Floats:
    """Mean of the known ones, NaN where none is."""
    table = np.stack([np.asarray(column, dtype=np.float64) for column in columns])
    count = (~np.isnan(table)).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = np.where(count > 0, np.nansum(table, axis=0) / count, np.nan)
    return mean


def _delivered(worth: Worth, findings: Findings, satisfaction: Floats) -> Floats:
    """Benefit (satisfaction, kept promises) less burden (effort, price), -1..1; what is unknown drops out of its side.

    A price as that which divides high from low in the matrix is neither dear nor cheap, 0.5; twice of it is 1.
    """
    rows = worth.book.rows
    kept = np.asarray(rows["kept"], dtype=np.float64)
    weights = np.where(np.isnan(kept), 0.0, BENEFITS["promises_kept"])
    benefit = (BENEFITS["satisfaction"] * satisfaction + weights * np.nan_to_num(kept)) / (
        BENEFITS["satisfaction"] + weights
    )
    price = axes(worth.book, worth.facts)[0]
    dear = np.clip(price / (2 * findings.price_cut), 0.0, 1.0) if findings.price_cut else np.full(len(rows), np.nan)
    burden = _mean(1 - rows["ces"], dear)
    delivered: Floats = benefit - np.where(np.isnan(burden), 0.5, burden)
    return delivered
