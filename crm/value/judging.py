"""Judges the models on a period that they did not see: which foretells best, and how far the truth scatters."""

from __future__ import annotations

import contextlib
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from crm.value import gammagamma, intervals, models, purchases
from crm.value.arrays import Floats, Ints
from crm.value.assumptions import MICRO, Assumptions
from crm.value.book import Book
from crm.value.errors import FitRejected, InsufficientData
from crm.value.findings import LEVEL
from crm.value.fitted import Fitted, attempt
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
    chosen = judges(book)
    if book.early_end is None or book.early is None or not len(chosen):
        found.warnings.append(notice("NO_HOLDOUT"))
        return names
    rows, early = book.rows[chosen], book.early[chosen]
    seen = book.history_of(rows["first_day"], early["purchases"], early["last_day"], book.early_end)
    actual = (rows["purchases"] - early["purchases"]).astype(np.float64)
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
    _scatter(found, rows, early, purchases.purchase_counts(models.MODELS[best], p, seen, length), seen.x)
    return [best, *(name for name in names if name != best)]


def _by_frequency(x: Floats, expected: Floats, actual: Floats) -> list[dict[str, float]]:
    table = calibration(x, expected, actual)
    columns = zip(table.frequency, table.customers, table.expected, table.actual, strict=True)
    names = ("frequency", "customers", "expected", "actual")
    return [dict(zip(names, (int(f), int(n), float(e), float(a)), strict=True)) for f, n, e, a in columns]


def judges(book: Book) -> Ints:
    """The places of some customers who had bought before the holdout period, evenly chosen; of nobody without one."""
    if book.early_end is None:
        return np.zeros(0, dtype=np.int64)
    chosen = np.flatnonzero(book.bought & (book.rows["first_day"] <= book.early_end))
    return chosen[:: max(1, -(-len(chosen) // JUDGED_ON))]


def all_judges(book: Book, assumed: Assumptions) -> Ints:
    """The places of those who judge any of the models that are fitted: those of everybody, and of chosen segments."""
    cohorts = (np.flatnonzero(book.rows["cohort"] == number) for number in range(len(assumed.fit_segments)))
    parts = [members[judges(book.of(members))] for members in cohorts]
    return np.unique(np.concatenate([judges(book), *parts]))


def _scatter(
    found: Fitted, rows: NDArray[np.void], early: NDArray[np.void], counts: purchases.Counts, x: Floats
) -> None:
    """How many customers of the holdout period the intervals held, and which level holds what is promised.

    Spend is fitted on what was known when the period began, as purchases are.
    """
    actual = (rows["purchases"] - early["purchases"]).astype(np.float64)
    spent = np.where(actual > 0, np.maximum(rows["revenue"] - early["revenue"], 0) / MICRO, 0.0)
    before = (early["revenue"] - rows["first_revenue"]) / MICRO
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
