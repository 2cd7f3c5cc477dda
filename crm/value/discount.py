"""Money of other times in money of today: rates, horizons, and the value formulas that need no purchase
model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from crm.errors import ValidationFailed
from crm.value.arrays import Floats, floats

Timing = Literal["MIDDLE", "END"]


def continuous_rate(annual_rate: float, units_per_year: float) -> float:
    """The continuous rate per unit of time that equals `annual_rate`: ln(1 + d) / k (52 for weeks, 365 for
    days).
    """
    _check_rate(annual_rate)
    if annual_rate == 0:
        raise ValidationFailed("annual_rate is 0: without an end, value needs a rate above 0.", path=("annual_rate",))
    return float(np.log1p(annual_rate)) / units_per_year


def period_rate(annual_rate: float, periods_per_year: float) -> float:
    """The rate per period that compounds to `annual_rate`: (1 + d)^(1/k) - 1; not d / k."""
    _check_rate(annual_rate)
    return float(np.expm1(np.log1p(annual_rate) / periods_per_year))


def _check_rate(rate: float) -> None:
    if not 0 <= rate < 100:
        raise ValidationFailed(
            f"The discount rate is {rate:g}: give a yearly fraction such as 0.1 for 10%.",
            path=("annual_rate",),
        )


@dataclass(frozen=True)
class Horizon:
    """How far ahead value is counted, and what waiting costs.

    annual_rate: yearly discount rate as a fraction. units_per_year: units of T in a year (52 weeks).
    periods: how many equal periods to count, None for no end. periods_per_year: 12 for months. timing:
    whether a period's money comes at its middle or its end.
    """

    annual_rate: float
    units_per_year: float
    periods: int | None = None
    periods_per_year: float = 12
    timing: Timing = "MIDDLE"

    def __post_init__(self) -> None:
        _check_rate(self.annual_rate)
        if self.periods is not None and not 1 <= self.periods <= 1200:
            raise ValidationFailed(f"The horizon has {self.periods} periods: choose 1 to 1200.", path=("periods",))

    @property
    def _numbers(self) -> Floats:
        return np.arange(1, (self.periods or 0) + 1, dtype=np.float64)

    @cached_property
    def ends(self) -> Floats:
        """Ends of the periods in units of T, shape (periods,)."""
        ends: Floats = self._numbers * (self.units_per_year / self.periods_per_year)
        return ends

    @cached_property
    def factors(self) -> Floats:
        """What one unit of money of each period is worth today, shape (periods,)."""
        rate = period_rate(self.annual_rate, self.periods_per_year)
        when = self._numbers - (0.5 if self.timing == "MIDDLE" else 0.0)
        return np.asarray((1 + rate) ** -when, dtype=np.float64)


def present_value(cash: ArrayLike, rate: float, when: ArrayLike) -> Floats:
    """Sum over the last axis of `cash` / (1 + rate)^`when`; `when` in periods, negative for the past (compounding).

    ValidationFailed unless rate is above -1.
    """
    if not rate > -1:
        raise ValidationFailed(f"rate is {rate:g}: it must be above -1.", path=("rate",))
    value: Floats = (floats("cash", cash) * (1 + rate) ** -floats("when", when)).sum(axis=-1)
    return value


def value_at_acquisition(margin: float, retention: float, rate: float) -> float:
    """m(1 + d)/(1 + d - r): the first payment comes now; the cap on what acquiring may cost (note 024)."""
    return margin * (1 + rate) / _spread(retention, rate)


def value_after_payment(margin: float, retention: float, rate: float) -> float:
    """m r/(1 + d - r): residual value right after a payment, before renewal is known (note 024)."""
    return margin * retention / _spread(retention, rate)


def value_at_period_end(margin: float, retention: float, rate: float) -> float:
    """m/(1 + d - r): payments at the end of each period, the first one certain (note 024)."""
    return margin / _spread(retention, rate)


def _spread(retention: float, rate: float) -> float:
    # Constant retention holds for contracts only; cohort retention rises with age, and then it undervalues.
    if not 0 <= retention <= 1 or 1 + rate - retention <= 0:
        raise ValidationFailed(
            f"retention {retention:g} at rate {rate:g} has no finite value: retention must lie in [0, 1] "
            "and below 1 + rate.",
            path=("retention",),
        )
    return 1 + rate - retention


def payback_period(margins: ArrayLike, acquisition_cost: float) -> int | None:
    """The first period (from 1) whose cumulative margin covers the cost of acquisition; None when none does."""
    covered = np.cumsum(floats("margins", margins)) >= acquisition_cost
    return int(np.argmax(covered)) + 1 if covered.any() else None


def break_even_retention_spend(value_if_kept: ArrayLike, risk_before: ArrayLike, risk_after: ArrayLike) -> Floats:
    """The most that may be spent on lowering churn risk: the risk taken away times the value kept, never negative."""
    taken = floats("risk_before", risk_before) - floats("risk_after", risk_after)
    spend: Floats = np.maximum(taken, 0) * np.maximum(floats("value_if_kept", value_if_kept), 0)
    return spend
