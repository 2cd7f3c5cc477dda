"""Fits the models of a run to a book: chooses the one that foretells a holdout period best, and says how well."""

from __future__ import annotations

from typing import Any

import numpy as np

from crm.value import gammagamma, models
from crm.value.assumptions import Assumptions
from crm.value.book import Book
from crm.value.findings import lack, plain
from crm.value.fitted import Fitted, attempt
from crm.value.history import History
from crm.value.holdout import STRONG_CORRELATION, spend_frequency_correlation
from crm.value.judging import JUDGED_ON, judge
from crm.value.notices import Notice, notice
from crm.value.optimise import Fit

SPENDERS = 200_000
LEAST_REPEATERS = 10
SILENT_DAYS = 90
SPEND = "GAMMA_GAMMA"


def fit(book: Book, assumed: Assumptions) -> Fitted:
    """Fit purchases and spend; what cannot be fitted is left out, with the reason in `lacking` and the warnings."""
    found = _fit(book, assumed)
    if found.lacking:
        found.warnings.append(notice("NO_MODEL", **found.lacking))
    if assumed.fit_segments and book.bought.any():
        _fit_segments(book, assumed, found)
    return found


def _fit(book: Book, assumed: Assumptions) -> Fitted:
    found = Fitted()
    if not book.bought.any():
        found.lacking = lack("No customer has bought anything yet", 0, 1)
        return found
    names = judge(book, assumed, found)
    _fit_purchases(names, _cohort(book, assumed), found)
    _fit_spend(book, found)
    _look(book, found)
    return found


NOBODY = lack("Members at the moment of the run", 0, 1)
OWN = ("model", "parameters", "spend", "mean_spend", "variation", "level")


def _fit_segments(book: Book, assumed: Assumptions, found: Fitted) -> None:
    """Models of their own for the chosen segments; one that is too small for it is described by those of all."""
    parts: list[dict[str, Any] | None] = []
    for number, key in enumerate(assumed.fit_segments):
        members = book.of(np.asarray(book.rows["cohort"] == number))
        own = _fit(members, assumed) if len(members) else Fitted(lacking=NOBODY)
        parts.append({name: getattr(own, name) for name in OWN} if own.model else None)
        found.diagnostics.setdefault("segments", {})[key] = {"customers": len(members), **own.diagnostics}
        told = own.warnings if own.model else [*own.warnings, _too_small(own)]
        found.warnings += [each.of_segment(key) for each in told]
    found.segments = tuple(parts)


def _too_small(own: Fitted) -> Notice:
    return notice("ALL_MODELS", **(own.lacking or lack("Purchase models that describe these customers", 0, 1)))


def _cohort(book: Book, assumed: Assumptions) -> History:
    """The histories to fit on: of customers won within the calibration window, whole from their first purchase."""
    if assumed.calibration_days is None:
        return book.history
    recent = book.end - book.buyers["first_day"] < assumed.calibration_days
    history = book.history
    return History(history.x[recent], history.t_x[recent], history.T[recent])


def _fit_purchases(names: list[str], history: History, found: Fitted) -> None:
    """Fit the first model that the data determine; to no more customers than judged it where it was refused then."""
    repeaters = int((history.x > 0).sum())
    if repeaters < LEAST_REPEATERS or history.T.max(initial=0.0) <= 0:
        found.lacking = lack("Customers who bought again", repeaters, LEAST_REPEATERS)
        return
    refused = {told.values["model"] for told in found.warnings if told.code == "NOT_FITTED"}
    for name in names:
        most = JUDGED_ON if name in refused else models.MOST
        fitted = attempt(lambda name=name, most=most: models.fit(name, history, most=most), name, found)  # type: ignore[misc]
        if fitted is not None:
            found.model, found.parameters, found.fit = name, plain(fitted.parameters), fitted
            found.diagnostics["purchases"] = _described(fitted)
            found.warnings += [notice("WEAK_PARAMETER", model=name, parameter=each) for each in fitted.weak]
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
    fitted = attempt(lambda: gammagamma.fit(x[::step], z[::step]), SPEND, found) if len(z) else None
    if fitted is None:
        return
    found.diagnostics["spend"] = _described(fitted)
    if fitted.parameters[1] <= 1:
        found.warnings.append(notice("NO_MEAN_SPEND"))
        return
    found.spend, found.mean_spend = plain(fitted.parameters), gammagamma.population_mean(fitted.parameters)


def _look(book: Book, found: Fitted) -> None:
    """What else a reader of the figures should know."""
    spend = np.nan_to_num(book.repeat_spend)
    correlation = spend_frequency_correlation(book.history.x, spend)
    found.diagnostics["spendFrequencyCorrelation"] = correlation
    if correlation is not None and abs(correlation) > STRONG_CORRELATION:
        found.warnings.append(notice("CORRELATED", correlation=correlation))
    silent = book.end - int(book.buyers["last_day"].max())
    if silent > SILENT_DAYS:
        found.warnings.append(notice("SILENT", days=silent))
