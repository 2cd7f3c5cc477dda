"""Judges the models on a period that they did not see: which foretells best, and how far the truth scatters."""

from __future__ import annotations

import contextlib
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from crm.value import gammagamma, intervals, models, purchases
from crm.value.arrays import Floats
from crm.value.assumptions import MICRO, Assumptions
from crm.value.book import Book
from crm.value.errors import FitRejected, InsufficientData
from crm.value.findings import LEVEL
from crm.value.fitted import Fitted, attempt
from crm.value.history import History
from crm.value.holdout import calibration, choose, holdout_error
from crm.value.notices import notice
from crm.value.optimise import Fit

AUTO = "AUTO"
JUDGED_ON = 50_000
"""At most so many customers judge the models; the chosen one is fitted again on more."""
LEVELS = (0.5, 0.8, 0.9, 0.95)


def judge(book: Book, assumed: Assumptions, found: Fitted) -> list[str]:
    """The names of the models, best first, after judging them on the holdout period; what it showed goes to `found`."""
    names = list(models.MODELS) if assumed.model == AUTO else [assumed.model]
    if book.early_end is None or not book.early.any():
        found.warnings.append(notice("NO_HOLDOUT"))
        return names
    rows, seen = _judges(book)
    actual = (rows["purchases"] - rows["early_purchases"]).astype(np.float64)
    length = (book.end - book.early_end) / book.unit_days
    judged: dict[str, tuple[Fit, Floats]] = {}
    for name in names:
        fitted = attempt(lambda name=name: models.fit(name, seen), name, found, period="HOLDOUT")  # type: ignore[misc]
        if fitted is not None:
            judged[name] = fitted, purchases.expected_purchases(models.MODELS[name], fitted.parameters, seen, length)
    if not judged:
        return names
    errors = {name: holdout_error(expected, actual) for name, (_, expected) in judged.items()}
    best = choose(errors)
    found.diagnostics["holdout"] = {
        "days": book.end - book.early_end,
        "customers": len(actual),
        "models": {name: asdict(error) for name, error in errors.items()},
        "chosen": best,
        "calibration": _by_frequency(seen.x, judged[best][1], actual),
    }
    p = judged[best][0].parameters
    _scatter(found, rows, purchases.purchase_counts(models.MODELS[best], p, seen, length), seen.x)
    return [best, *(name for name in names if name != best)]


def _by_frequency(x: Floats, expected: Floats, actual: Floats) -> list[dict[str, float]]:
    table = calibration(x, expected, actual)
    columns = zip(table.frequency, table.customers, table.expected, table.actual, strict=True)
    names = ("frequency", "customers", "expected", "actual")
    return [dict(zip(names, (int(f), int(n), float(e), float(a)), strict=True)) for f, n, e, a in columns]


def _judges(book: Book) -> tuple[NDArray[np.void], History]:
    """Some of the customers of before the holdout period, evenly chosen, and what was known of them when it began."""
    chosen = np.flatnonzero(book.early)
    step = max(1, -(-len(chosen) // JUDGED_ON))
    whole = book.early_history
    return book.buyers.chosen(chosen[::step]), History(whole.x[::step], whole.t_x[::step], whole.T[::step])


def _scatter(found: Fitted, rows: NDArray[np.void], counts: purchases.Counts, x: Floats) -> None:
    """How many customers of the holdout period the intervals held, and which level holds what is promised.

    Spend is fitted on what was known when the period began, as purchases are.
    """
    actual = (rows["purchases"] - rows["early_purchases"]).astype(np.float64)
    spent = np.where(actual > 0, np.maximum(rows["revenue"] - rows["early_revenue"], 0) / MICRO, 0.0)
    before = (rows["early_revenue"] - rows["first_revenue"]) / MICRO
    z = np.where(x > 0, np.maximum(before, 0) / np.maximum(x, 1), 0.0)
    money = intervals.money(counts, _early_spend(x, z)).below(spent)
    bought = intervals.purchases_below(counts, actual)
    found.level = intervals.level_that_holds(money, LEVEL)
    found.diagnostics["coverage"] = [
        {
            "level": level,
            "purchases": intervals.coverage(bought, level),
            "money": intervals.coverage(money, level),
            "published": intervals.coverage(money, intervals.level_that_holds(money, level)),
        }
        for level in LEVELS
    ]


def _early_spend(x: Floats, z: Floats) -> gammagamma.Spend:
    paying = (x > 0) & (z > 0)
    with contextlib.suppress(FitRejected, InsufficientData):
        fitted = gammagamma.fit(x[paying], z[paying])
        if fitted.parameters[1] > 1:
            return gammagamma.spend(fitted.parameters, x, z)
    known = z[paying] if paying.any() else np.ones(1)
    return gammagamma.known_spend((x * z + known.mean()) / (x + 1), float(known.std() / known.mean()))
