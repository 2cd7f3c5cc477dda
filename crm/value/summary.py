"""All customers seen together, as a run stores it: profit curve, tiers, RFM grid, spread of value, matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from crm.value import intervals, models, profit, purchases
from crm.value.arrays import Bools, Floats, Ints, totals
from crm.value.assumptions import MICRO, Assumptions
from crm.value.figures import CELLS
from crm.value.findings import Findings
from crm.value.optimise import Fit
from crm.value.scoring import axes, recency_scores, tier
from crm.value.worth import Worth, spread

POINTS = 101
BINS = 20
SAMPLE = 5_000
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)


def summarise(worth: Worth, findings: Findings) -> dict[str, Any]:
    """Plain numbers, fit for JSON; money in the currency of the run. {} without customers."""
    if not len(worth.book):
        return {}
    earned, residual = worth.facts.profit / MICRO, worth.residual
    measures = {"revenue": worth.facts.revenue / MICRO, "profit": earned, "residual": residual}
    churn = spread(worth.book, worth.forecast.churn) if worth.forecast else np.zeros(len(residual))
    return {
        "customers": len(worth.book),
        "buyers": int(worth.book.bought.sum()),
        **{name: float(values.sum()) for name, values in measures.items()},
        "equity": float(residual.sum()),
        "valueAtRisk": float((np.maximum(residual, 0.0) * churn).sum()),
        "whale": _whale(earned),
        "tiers": _by_tier(worth, findings, measures),
        "rfm": _rfm(worth, findings, measures),
        "distribution": _distribution(worth.total),
        "matrix": _matrix(worth, findings, measures),
    }


def equity_interval(worth: Worth, assumed: Assumptions, findings: Findings, fitted: Fit) -> tuple[float, float]:
    """Limits that hold customer equity nine times out of ten as far as the purchase model's parameters are unsure.

    By the delta method over every k-th buyer; what single customers do by chance adds up to little among many.
    """
    ahead, buyers = worth.forecast, np.flatnonzero(worth.book.bought)
    if ahead is None or findings.model is None:
        return 0.0, 0.0
    step = max(1, len(buyers) // SAMPLE)
    chosen = np.zeros(len(worth.book), dtype=np.bool_)
    chosen[buyers[::step]] = True
    each = ahead.per_purchase[::step] * worth.facts.contribution[chosen]
    model, history = models.model(findings.model), worth.book.of(chosen).history

    def total(p: Floats) -> Floats:
        return np.array([purchases.discounted_purchases(model, tuple(p), history, assumed.clv_horizon) @ each])

    low, high = intervals.parameter_interval(total, fitted)
    middle, equity = float(total(fitted.parameters)[0]), float(worth.residual.sum())
    if middle <= 0:
        return equity, equity
    return equity * float(low[0]) / middle, equity * float(high[0]) / middle


def _whale(earned: Floats) -> dict[str, Any]:
    curve = profit.whale_curve(earned)
    at = np.linspace(0.0, 1.0, POINTS)
    return {
        "points": [[float(x), float(y)] for x, y in zip(at, np.interp(at, curve.customers, curve.profit), strict=True)],
        "peak": curve.peak,
        "peakAt": curve.peak_at,
        "peakShare": curve.peak_share,
        "losing": curve.losing,
        "topShare": curve.top_share,
        "total": curve.total,
        "gini": profit.gini(np.maximum(earned, 0.0)),
    }


def _sums(index: Ints, size: int, measures: dict[str, Floats], which: Bools | slice = slice(None)) -> list[Any]:
    """For each number how many customers have it, and the sums of their measures."""
    count = np.bincount(index, minlength=size)
    columns = {name: totals(index, values[which], size) for name, values in measures.items()}
    return [
        {"customers": int(count[at]), **{name: float(column[at]) for name, column in columns.items()}}
        for at in range(size)
    ]


def _by_tier(worth: Worth, findings: Findings, measures: dict[str, Floats]) -> list[dict[str, Any]]:
    size = len(findings.tier_cuts) + 1
    sums = _sums(tier(worth.total, findings) - 1, size, measures)
    least = [*findings.tier_cuts, None]
    return [{"tier": at + 1, "from": least[at], **row} for at, row in enumerate(sums)]


def _rfm(worth: Worth, findings: Findings, measures: dict[str, Floats]) -> list[dict[str, Any]]:
    """The 25 cells by recency and frequency score, those without customers too."""
    bought = worth.book.bought
    if not bought.any():
        return []
    recency, frequency, _ = recency_scores(worth.book, findings)
    sums = _sums((recency - 1) * 5 + frequency - 1, 25, measures, bought)
    return [{"recency": at // 5 + 1, "frequency": at % 5 + 1, **row} for at, row in enumerate(sums)]


def _distribution(value: Floats) -> dict[str, Any]:
    """A histogram between the 1st and the 99th percentile; what lies beyond is in the outer bars."""
    low, high = np.quantile(value, [0.01, 0.99])
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    bars, _ = np.histogram(np.clip(value, edges[0], edges[-1]), edges)
    points = np.quantile(value, QUANTILES)
    return {
        "edges": [float(edge) for edge in edges],
        "customers": [int(bar) for bar in bars],
        "quantiles": [[q, float(point)] for q, point in zip(QUANTILES, points, strict=True)],
        "mean": float(value.mean()),
    }


def _matrix(worth: Worth, findings: Findings, measures: dict[str, Floats]) -> dict[str, Any] | None:
    if findings.price_cut is None or findings.cost_cut is None:
        return None
    price, cost = axes(worth.book, worth.facts)
    seen = np.isfinite(price) & np.isfinite(cost)
    high, dear = price[seen] > findings.price_cut, cost[seen] > findings.cost_cut
    # CELLS lists (high, dear), (high, cheap), (low, dear), (low, cheap).
    sums = _sums(np.where(high, 0, 2) + np.where(dear, 0, 1), len(CELLS), measures, seen)
    cells = [{"cell": name, **row} for name, row in zip(CELLS, sums, strict=True)]
    return {"priceCut": findings.price_cut, "costCut": findings.cost_cut, "cells": cells}
