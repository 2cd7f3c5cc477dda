"""Customers who buy period by period: contracts that are renewed or not (sBG), and yes or no in each period (BG/BB)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from crm.access import Actor
from crm.errors import Blocked, ValidationFailed
from crm.value import bgbb, sbg
from crm.value.arrays import Floats
from crm.value.discount import period_rate
from crm.value.errors import FitRejected, InsufficientData
from crm.value.optimise import Fit
from crm.value.runs import settings
from crm.value.runs.portfolio import MONTHS, CohortGrain, refuse_many
from crm.value.runs.seeing import seen

MOST_AHEAD = 60

# $1 months of a period, $2 the first day that counts, $3 the day after the last whole period, $4 a category of
# products or null for everything that was bought. Period 0 is that of the first purchase.
_PERIODS = """
WITH day AS (
    SELECT d.customer_id, d.day FROM customer_day d JOIN customer c ON c.id = d.customer_id
    WHERE $4::text IS NULL AND d.purchases > 0 AND {who}
    UNION ALL
    SELECT d.customer_id, d.day FROM product_day d JOIN customer c ON c.id = d.customer_id
    JOIN product p ON p.id = d.product_id WHERE p.category = $4 AND {who}
), bought AS (
    SELECT customer_id, ((extract(year FROM day) * 12 + extract(month FROM day) - 1)::int / $1::int) AS at
    FROM day WHERE day < $3::date GROUP BY 1, 2
), since AS (
    SELECT customer_id, at - min(at) OVER one AS number, row_number() OVER (one ORDER BY at) - 1 AS place,
           (extract(year FROM $3::date) * 12 + extract(month FROM $3::date) - 1)::int / $1::int - 1
               - min(at) OVER one AS lived, min(at) OVER one AS began
    FROM bought WINDOW one AS (PARTITION BY customer_id)
), told AS (
    SELECT customer_id, max(lived)::int AS lived, (count(*) - 1)::int AS x, max(number)::int AS last,
           (count(*) FILTER (WHERE number = place) - 1)::int AS renewed
    FROM since GROUP BY customer_id
    HAVING max(lived) > 0
       AND min(began) >= (extract(year FROM $2::date) * 12 + extract(month FROM $2::date) - 1)::int / $1::int
)
"""
_CONTRACTS = _PERIODS + "SELECT lived, renewed, count(*) AS customers FROM told GROUP BY 1, 2"
_OCCASIONS = _PERIODS + "SELECT x, last, lived, count(*) AS customers FROM told GROUP BY 1, 2, 3 ORDER BY 3, 1, 2"


@dataclass(frozen=True)
class Renewal:
    """The n-th renewal: how many came to it and how many renewed, and what the model says; None where nobody came yet.

    survival: of the model, the share left after it. residual: discounted renewals still to come at the end of period n,
    before its renewal is known: times the margin of a period it is the value of the contract.
    """

    number: int
    due: int
    renewed: int
    observed: float | None
    retention: float
    survival: float
    residual: float


@dataclass(frozen=True)
class Contracts:
    """Contracts as the shifted beta-geometric model describes them (Fader and Hardie 2007)."""

    customers: int
    alpha: float
    beta: float
    alpha_error: float
    beta_error: float
    log_likelihood: float
    rate: float
    renewals: list[Renewal]


@dataclass(frozen=True)
class Occasion:
    """Customers with x periods of purchase, the last in period `last`, of `lived` periods after their first one.

    alive: the chance to be a customer in the next period; expected: periods with a purchase among those ahead;
    discounted: those of all time to come, worth today.
    """

    x: int
    last: int
    lived: int
    customers: int
    alive: float
    expected: float
    discounted: float


@dataclass(frozen=True)
class Occasions:
    """Yes or no in each period, as BG/BB describes it (Fader, Hardie and Shang 2010)."""

    customers: int
    parameters: dict[str, float]
    standard_errors: dict[str, float]
    log_likelihood: float
    ahead: int
    expected: float
    rows: list[Occasion]


async def contracts(
    actor: Actor,
    *,
    grain: CohortGrain = CohortGrain.MONTH,
    since: date,
    until: date,
    category: str | None = None,
    ahead: int = 12,
    where: dict[str, Any] | None = None,
) -> Contracts:
    """How contracts are renewed, of customers won from `since` on, seen until the last whole period before `until`.

    A contract is renewed as long as a period follows in which the customer buys (of a category of products, if one is
    named). Raises Blocked when the data do not determine the model, ValidationFailed, Forbidden.
    """
    rows = await _rows(actor, _CONTRACTS, grain, since, until, category, ahead, where)
    longest = max((row["lived"] for row in rows), default=0)
    lost, held = np.zeros(longest), np.zeros(longest)
    for row in rows:
        renewed = min(row["renewed"], row["lived"])
        side, at = (held, row["lived"]) if renewed == row["lived"] else (lost, renewed + 1)
        side[at - 1] += row["customers"]
    fitted = _fitted(lambda: sbg.fit_spells(lost, held))
    rate = period_rate(float((await settings.current()).discount_rate), 12 / MONTHS[grain])
    alpha, beta = (float(value) for value in fitted.parameters)
    errors = fitted.standard_errors
    return Contracts(
        fitted.customers, alpha, beta, float(errors[0]), float(errors[1]), fitted.log_likelihood, rate,
        _renewals((alpha, beta), lost, held, ahead, rate),
    )  # fmt: skip


def _renewals(p: tuple[float, float], lost: Floats, held: Floats, ahead: int, rate: float) -> list[Renewal]:
    numbers = np.arange(1, len(lost) + ahead + 1)
    retention, survival = sbg.retention(p, numbers), sbg.survival(p, numbers)
    residual = sbg.residual_value(p, 1.0, rate, numbers) if rate > 0 else np.full(len(numbers), np.nan)
    # Whoever was lost at a renewal came to it; whoever still holds came to all up to its age.
    came = np.append((lost + held)[::-1].cumsum()[::-1], np.zeros(ahead))
    gone = np.append(lost, np.zeros(ahead))
    return [
        Renewal(
            int(n), int(due), int(due - left), float((due - left) / due) if due else None, float(r), float(s), float(v)
        )
        for n, due, left, r, s, v in zip(numbers, came, gone, retention, survival, residual, strict=True)
    ]


async def occasions(
    actor: Actor,
    *,
    grain: CohortGrain = CohortGrain.YEAR,
    since: date,
    until: date,
    category: str | None = None,
    ahead: int = 5,
    where: dict[str, Any] | None = None,
) -> Occasions:
    """Who buys in a period and who does not, as `contracts` counts periods, and what is to be expected of each history.

    Raises as `contracts`.
    """
    rows = await _rows(actor, _OCCASIONS, grain, since, until, category, ahead, where)
    names = ("x", "last", "lived", "customers")
    x, last, lived, count = (np.array([row[name] for row in rows], dtype=np.float64) for name in names)
    fitted = _fitted(lambda: bgbb.fit(x, last, lived, count))
    p = tuple(float(value) for value in fitted.parameters)
    rate = period_rate(float((await settings.current()).discount_rate), 12 / MONTHS[grain])
    expected = bgbb.expected(p, x, last, lived, ahead)
    columns = (bgbb.p_alive(p, x, last, lived), expected, bgbb.discounted(p, x, last, lived, max(rate, 1e-9)))
    told = [Occasion(*(row[name] for name in names), *map(float, values)) for row, *values in zip(rows, *columns)]  # noqa: B905
    return Occasions(
        fitted.customers,
        dict(zip(fitted.names, p, strict=True)),
        dict(zip(fitted.names, map(float, fitted.standard_errors), strict=True)),
        fitted.log_likelihood,
        ahead,
        float(expected @ count),
        told,
    )


async def _rows(
    actor: Actor,
    statement: str,
    grain: CohortGrain,
    since: date,
    until: date,
    category: str | None,
    ahead: int,
    where: dict[str, Any] | None,
) -> list[Any]:
    if since >= until:
        raise ValidationFailed(f"since {since} must lie before until {until}.", path=("since",))
    if not 1 <= ahead <= MOST_AHEAD:
        raise ValidationFailed(f"ahead is {ahead}: choose 1 to {MOST_AHEAD} periods.", path=("ahead",))
    refuse_many(since, until, grain)
    months = MONTHS[grain]
    whole = date(until.year, (until.month - 1) // months * months + 1, 1)
    rows = await seen(actor, statement, months, since, whole, category, where=where)
    if not rows:
        raise Blocked("Nobody began in this time and was seen for a whole period after.", path=("since",))
    return rows


def _fitted(fit: Any) -> Fit:
    try:
        found: Fit = fit()
    except (FitRejected, InsufficientData) as problem:
        raise Blocked(f"The model does not describe these customers: {problem}", path=("since",)) from None
    return found
