"""Puts what happened and what is to come together into the figures of a snapshot, column by column."""

from __future__ import annotations

import numpy as np

from crm.value import clv, matrix, rfm
from crm.value.arrays import Bools, Floats, Ints
from crm.value.assumptions import MICRO, Assumptions
from crm.value.book import NEVER, Book
from crm.value.columns import Column, Figures, Kind, money
from crm.value.findings import Findings
from crm.value.lacks import Why
from crm.value.potentials import potentials
from crm.value.receiving import receiving
from crm.value.scoring import Forecast, axes, recency_scores, tier
from crm.value.worth import Worth, group_numbers, spread

CELLS = tuple(matrix.CELLS.values())


def figures(worth: Worth, assumed: Assumptions, findings: Findings, network: Floats) -> Figures:
    """All columns of the snapshots; network: value of the customers whom each brought, shape (n,)."""
    found = {
        **_past(worth, findings),
        **_groups(worth.book, findings),
        **_profit(worth),
        **_ahead(worth, assumed, findings),
        **potentials(worth, assumed, findings, network),
        **_matrix(worth, findings),
        **receiving(worth, findings),
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
        Why.NO_NEWCOMER: bought & (worth.forecast is None) | ~bought & (findings.new_customer is None),
        Why.NO_CELL: ~seen if divided else ~nobody,
    }


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
        name: Column(Kind.DAY, book.end + spread(book, wait).astype(np.int64), book.bought)
        for name, wait in zip(names, ahead.wait.T, strict=True)
    }


def _allowable(worth: Worth, findings: Findings) -> Column:
    """What acquiring the customer may cost, or might have cost: all that it brings, the cost of winning it apart."""
    bought = worth.book.bought
    whole = np.maximum(worth.total + worth.facts.acquisition / MICRO, 0.0)
    new = findings.new_customer
    return money(np.where(bought, whole, new or 0.0), np.where(bought, worth.forecast is not None, new is not None))


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
