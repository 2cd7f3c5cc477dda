"""How far a run's models can be trusted: what each foretold of a period kept aside, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from crm.access import Actor, Scope, need
from crm.database import fetch_row
from crm.errors import NotFound

_RUN = """
SELECT id, as_of, currency, model, customers, parameters, diagnostics, warnings FROM value_run
WHERE status IN ('PUBLISHED', 'RETIRED')
  AND CASE WHEN $1::uuid IS NULL THEN is_current ELSE id = $1 END
"""


@dataclass(frozen=True)
class Candidate:
    """What a model expected of the holdout period, in purchases, and how far off it was per customer.

    bias: (expected - actual) / actual in total, None when nobody bought.
    """

    model: str
    chosen: bool
    expected: float
    actual: float
    bias: float | None
    mean_absolute: float
    root_mean_square: float


@dataclass(frozen=True)
class Calibration:
    """Customers with so many repeat purchases before the holdout period (`more`: or above), and means within it."""

    frequency: int
    more: bool
    customers: int
    expected: float
    actual: float


@dataclass(frozen=True)
class Coverage:
    """The share of customers whose purchases, and whose money, of the holdout period lay within intervals of a level.

    purchases, money: within the intervals that the models predict; published: of money, within those that are made
    wider so that they hold what they promise.
    """

    level: float
    purchases: float
    money: float
    published: float


@dataclass(frozen=True)
class Parameter:
    """A fitted parameter of the purchase or the spend model; the error is None where the data do not tell it."""

    part: str
    name: str
    value: float
    standard_error: float | None


@dataclass(frozen=True)
class Quality:
    """What a reader should know before believing a run's forecasts.

    interval_level: the level of the predicted intervals that held 0.9 of the holdout period: the published intervals
    of 0.9 are of it. correlation: of spend per purchase and frequency
    among repeat buyers, which the spend model takes to be none.
    """

    run_id: UUID
    as_of: datetime
    model: str | None
    customers: int
    fitted_on: int | None
    log_likelihood: float | None
    holdout_days: int | None
    holdout_customers: int | None
    candidates: list[Candidate]
    calibration: list[Calibration]
    coverage: list[Coverage]
    interval_level: float
    correlation: float | None
    parameters: list[Parameter]
    warnings: list[str]
    notices: list[dict[str, Any]]


async def quality(actor: Actor, *, run_id: UUID | None = None) -> Quality:
    """Of the published run, or of another one that is kept. Raises NotFound, Forbidden."""
    need(actor, Scope.VALUE_READ)
    row = await fetch_row(_RUN, run_id)
    if row is None:
        raise NotFound("There is no such value run that was published; start one by valueRecompute.", path=("runId",))
    told, found = orjson.loads(row["diagnostics"]), orjson.loads(row["parameters"])
    holdout, purchases = told.get("holdout", {}), told.get("purchases", {})
    return Quality(
        run_id=row["id"],
        as_of=row["as_of"],
        model=row["model"],
        customers=row["customers"],
        fitted_on=purchases.get("customers"),
        log_likelihood=purchases.get("logLikelihood"),
        holdout_days=holdout.get("days"),
        holdout_customers=holdout.get("customers"),
        candidates=_candidates(holdout),
        calibration=_calibration(holdout.get("calibration", [])),
        coverage=[Coverage(**level) for level in told.get("coverage", [])],
        interval_level=float(found.get("level", 0.9)),
        correlation=told.get("spendFrequencyCorrelation"),
        parameters=[*_parameters("PURCHASES", purchases), *_parameters("SPEND", told.get("spend", {}))],
        warnings=orjson.loads(row["warnings"]),
        notices=told.get("notices", []),
    )


def _candidates(holdout: Mapping[str, Any]) -> list[Candidate]:
    """The best first."""
    chosen = holdout.get("chosen")
    found = [Candidate(model=name, chosen=name == chosen, **error) for name, error in holdout.get("models", {}).items()]
    return sorted(found, key=lambda one: (not one.chosen, one.root_mean_square))


def _calibration(rows: list[dict[str, Any]]) -> list[Calibration]:
    top = max((row["frequency"] for row in rows), default=0)
    return [Calibration(more=row["frequency"] == top, **row) for row in rows]


def _parameters(part: str, described: Mapping[str, Any]) -> list[Parameter]:
    errors = described.get("standardErrors", {})
    return [Parameter(part, name, value, errors.get(name)) for name, value in described.get("parameters", {}).items()]
