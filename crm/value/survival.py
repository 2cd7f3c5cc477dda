"""Kaplan-Meier: how long stays last when some have not ended yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from crm.errors import ValidationFailed
from crm.value.arrays import Floats, floats, refuse, same_length, totals


@dataclass(frozen=True)
class Curve:
    """A survival curve at its k times of events.

    times, survival, standard_errors (Greenwood), at_risk, events: shape (k,).
    """

    times: Floats
    survival: Floats
    standard_errors: Floats
    at_risk: Floats
    events: Floats

    def at(self, time: ArrayLike) -> Floats:
        """P(lasting beyond `time`), the shape of `time`; 1 before the first event."""
        steps = np.concatenate([[1.0], self.survival])
        return steps[np.searchsorted(self.times, time, side="right")]

    @property
    def median(self) -> float | None:
        """The first time at which at most half are left; None when the curve stays above a half."""
        return self.quantile(0.5)

    def quantile(self, left: float) -> float | None:
        """The first time at which at most the share `left` is left; None when that is not reached."""
        reached = self.survival <= left + 1e-12
        return float(self.times[np.argmax(reached)]) if reached.any() else None

    def interval(self, z: float = 1.959963984540054) -> tuple[Floats, Floats]:
        """Log-log confidence limits, each (k,), within [0, 1]; `z` is the normal quantile (95% by default)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(self.survival)
            spread = np.exp(z * self.standard_errors / (self.survival * logs))
            low, high = self.survival ** (1 / spread), self.survival**spread
        fixed = (self.survival >= 1) | (self.survival <= 0)
        return np.where(fixed, self.survival, low), np.where(fixed, self.survival, high)


def kaplan_meier(durations: ArrayLike, ended: ArrayLike, weights: ArrayLike | None = None) -> Curve:
    """The product-limit curve (Kaplan & Meier 1958) with Greenwood's standard errors.

    durations: shape (n,), >= 0. ended: True where the stay ended, False where it is still open (censored);
    a stay censored at the time of an event counts as at risk for it. weights: how many stays a row stands
    for.
    """
    time = floats("durations", durations)
    refuse("durations", time, time < 0, "a stay cannot end before it begins")
    ended = np.asarray(ended, dtype=np.bool_)
    counts = np.ones(len(time)) if weights is None else floats("weights", weights)
    same_length(durations=time, ended=ended, weights=counts)
    refuse("weights", counts, counts < 0, "a row stands for 0 stays or more")
    if not len(time):
        raise ValidationFailed("durations is empty: give at least one stay.", path=("durations",))
    times, index = np.unique(time, return_inverse=True)
    events = totals(index, counts * ended)
    at_risk = np.cumsum(totals(index, counts)[::-1])[::-1]
    with np.errstate(invalid="ignore"):
        survival = np.asarray(np.cumprod(1 - np.nan_to_num(events / at_risk)), dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(at_risk > events, events / (at_risk * (at_risk - events)), 0.0)
    errors = survival * np.sqrt(np.cumsum(hazard))
    seen = events > 0
    return Curve(times[seen], survival[seen], errors[seen], at_risk[seen], events[seen])
