"""Fits the models of a run to a book: chooses the one that foretells a holdout period best, and says how well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from crm.value import gammagamma, intervals, models, purchases
from crm.value.arrays import Floats
from crm.value.assumptions import Assumptions
from crm.value.book import Book
from crm.value.errors import FitRejected, InsufficientData
from crm.value.findings import Lack, lack, plain
from crm.value.history import History
from crm.value.holdout import STRONG_CORRELATION, calibration, choose, holdout_error, spend_frequency_correlation
from crm.value.optimise import Fit

AUTO = "AUTO"
JUDGED_ON = 50_000
"""At most so many customers judge the models; the chosen one is fitted again on more."""
SPENDERS = 200_000
LEAST_REPEATERS = 10
SILENT_DAYS = 90


@dataclass
class Fitted:
    """What fitting found: the model with its parameters, spend, and what to say of them."""

    model: str | None = None
    parameters: tuple[float, ...] = ()
    spend: tuple[float, ...] = ()
    mean_spend: float = 0.0
    variation: float = 0.0
    dispersion: float = 1.0
    lacking: Lack | None = None
    diagnostics: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def fit(book: Book, assumed: Assumptions) -> Fitted:
    """Fit purchases and spend; what cannot be fitted is left out, with the reason in `lacking` or the warnings."""
    found = Fitted()
    if not book.bought.any():
        found.lacking = lack("No customer has bought anything yet", 0, 1)
        return found
    names = _judge(book, assumed, found)
    _fit_purchases(names, _cohort(book, assumed), found)
    _fit_spend(book, found)
    _look(book, found)
    return found


def _cohort(book: Book, assumed: Assumptions) -> History:
    """The histories to fit on: of customers won within the calibration window, whole from their first purchase."""
    if assumed.calibration_days is None:
        return book.history
    recent = book.end - book.buyers["first_day"] < assumed.calibration_days
    history = book.history
    return History(history.x[recent], history.t_x[recent], history.T[recent])


def _judge(book: Book, assumed: Assumptions, found: Fitted) -> list[str]:
    """The names of the models, best first, after judging them on the holdout period."""
    names = list(models.MODELS) if assumed.model == AUTO else [assumed.model]
    if book.early_end is None or not book.early.any():
        found.warnings.append("Too little time was observed to judge a model on a holdout period.")
        return names
    step = max(1, -(-int(book.early.sum()) // JUDGED_ON))
    whole = book.early_history
    seen = History(whole.x[::step], whole.t_x[::step], whole.T[::step])
    judges = np.flatnonzero(book.early)[::step]
    actual = (book.buyers["purchases"][judges] - book.buyers["early_purchases"][judges]).astype(np.float64)
    length = (book.end - book.early_end) / book.unit_days
    judged: dict[str, tuple[Fit, Floats]] = {}
    for name in names:
        fitted = _attempt(lambda name=name: models.fit(name, seen), f"{name} on the holdout period", found)  # type: ignore[misc]
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
    found.dispersion, coverage = _scatter(best, judged[best], seen, length, actual)
    found.diagnostics |= {"dispersion": found.dispersion, "intervalCoverage": coverage}
    return [best, *(name for name in names if name != best)]


def _attempt(work: Callable[[], Fit], what: str, found: Fitted) -> Fit | None:
    try:
        return work()
    except (FitRejected, InsufficientData) as problem:
        found.warnings.append(f"{what} was not fitted: {problem}")
        return None


def _by_frequency(x: Floats, expected: Floats, actual: Floats) -> list[dict[str, float]]:
    table = calibration(x, expected, actual)
    columns = zip(table.frequency, table.customers, table.expected, table.actual, strict=True)
    names = ("frequency", "customers", "expected", "actual")
    return [dict(zip(names, (int(f), int(n), float(e), float(a)), strict=True)) for f, n, e, a in columns]


def _scatter(
    name: str, judged: tuple[Fit, Floats], seen: History, length: float, actual: Floats
) -> tuple[float, float]:
    """Squared holdout errors over their predicted variance, never below 1, for luck narrows no interval; and the share
    of customers whose purchases lay within the 90% interval so widened.
    """
    fitted, expected = judged
    model, p = models.MODELS[name], fitted.parameters
    variance = purchases.purchase_squares(model, p, seen, length) - expected**2
    predicted = float(variance.sum())
    dispersion = max(1.0, float(((actual - expected) ** 2).sum()) / predicted) if predicted > 0 else 1.0
    chance = purchases.purchase_within(model, p, seen, length)
    low, high = intervals.predictive_interval(expected, variance * dispersion, chance, 0.9)
    # Purchases are whole: the limits reach to the next ones.
    within = (actual >= np.floor(low)) & (actual <= np.ceil(high))
    return dispersion, float(within.mean())


def _fit_purchases(names: list[str], history: History, found: Fitted) -> None:
    """Fit the first model that the data determine."""
    repeaters = int((history.x > 0).sum())
    if repeaters < LEAST_REPEATERS or history.T.max(initial=0.0) <= 0:
        found.lacking = lack("Customers who bought again", repeaters, LEAST_REPEATERS)
        return
    for name in names:
        fitted = _attempt(lambda name=name: models.fit(name, history), name, found)  # type: ignore[misc]
        if fitted is not None:
            found.model, found.parameters = name, plain(fitted.parameters)
            found.diagnostics["purchases"] = _described(fitted)
            found.warnings += [f"{name}: {parameter} is hardly determined by the data." for parameter in fitted.weak]
            return
    found.lacking = lack("Purchase models that describe these customers", 0, 1)


def _described(fitted: Fit) -> dict[str, Any]:
    return {
        "parameters": dict(zip(fitted.names, plain(fitted.parameters), strict=True)),
        "standardErrors": dict(zip(fitted.names, plain(fitted.standard_errors), strict=True)),
        "logLikelihood": fitted.log_likelihood,
        "customers": fitted.customers,
    }


def _fit_spend(book: Book, found: Fitted) -> None:
    """Gamma-gamma over the repeat buyers; where it does not hold, their mean and its variation."""
    x, z = book.history.x, book.repeat_spend
    paying = (x > 0) & (z > 0)
    x, z = x[paying], z[paying]
    everything = book.buyers["revenue"].sum() / max(1, int(book.buyers["purchases"].sum())) / 10_000
    found.mean_spend = float(z.mean()) if len(z) else float(everything)
    found.variation = float(z.std() / z.mean()) if len(z) > 1 else 0.0
    step = max(1, -(-len(z) // SPENDERS))
    fitted = _attempt(lambda: gammagamma.fit(x[::step], z[::step]), "Gamma-gamma spend", found) if len(z) else None
    if fitted is None:
        return
    found.diagnostics["spend"] = _described(fitted)
    if fitted.parameters[1] <= 1:
        found.warnings.append("Spend varies too much for a finite mean (q <= 1): observed means are used instead.")
        return
    found.spend, found.mean_spend = plain(fitted.parameters), gammagamma.population_mean(fitted.parameters)


def _look(book: Book, found: Fitted) -> None:
    """What else a reader of the figures should know."""
    spend = np.nan_to_num(book.repeat_spend)
    correlation = spend_frequency_correlation(book.history.x, spend)
    found.diagnostics["spendFrequencyCorrelation"] = correlation
    if correlation is not None and abs(correlation) > STRONG_CORRELATION:
        found.warnings.append(
            f"Spend per purchase and frequency are correlated ({correlation:.2f}); the spend model takes them as "
            "independent, so the value of frequent buyers is biased."
        )
    silent = book.end - int(book.buyers["last_day"].max())
    if silent > SILENT_DAYS:
        found.warnings.append(f"Nobody has bought anything for {silent} days: are all orders recorded?")
