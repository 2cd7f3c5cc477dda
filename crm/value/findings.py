"""What a run found in everybody's data: with it any customer can be scored again, alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from crm.value.arrays import Floats, Ints

LEVEL = 0.9
"""How often the truth is to lie within an interval."""
Lack = dict[str, Any]
"""Why something cannot be known: {reason, have, need}."""


def lack(reason: str, have: float, need: float) -> Lack:
    return {"reason": reason, "have": have, "need": need}


@dataclass(frozen=True)
class Findings:
    """model, parameters: of the purchases, None and () when none could be fitted, and `lacking` says why.

    spend: p, q, gamma of spend per purchase, () when not fitted; then mean_spend and variation (of the mean spends of
    customers: standard deviation over mean) stand in. level: of the predicted intervals that held 0.9 of the holdout
    period, at least 0.9; the published ones are of it. contribution: margin less cost to serve over revenue, of all
    customers; purchase_size: mean revenue of a purchase day. *_cuts: RFM cut points. price_cut, cost_cut: of the
    matrix. tier_cuts: the least value of each tier but the last. wallets: upper quartile of expected spend by RFM
    group. new_customer: what a customer is worth before the first purchase. segments: the same of the models of each of
    `Assumptions.fit_segments`, None where there is none. categories: of products; category_margins: what one brings on
    average over the horizon from a customer who has it; offers: which goes with which, see `growth`. Money in the base
    currency.
    """

    model: str | None = None
    parameters: tuple[float, ...] = ()
    spend: tuple[float, ...] = ()
    mean_spend: float = 0.0
    variation: float = 0.0
    level: float = LEVEL
    contribution: float = 0.0
    purchase_size: float = 0.0
    recency_cuts: tuple[float, ...] = ()
    frequency_cuts: tuple[float, ...] = ()
    monetary_cuts: tuple[float, ...] = ()
    price_cut: float | None = None
    cost_cut: float | None = None
    tier_cuts: tuple[float, ...] = ()
    wallets: dict[str, float] = field(default_factory=dict)
    new_customer: float | None = None
    segments: tuple[dict[str, Any] | None, ...] = ()
    categories: tuple[str, ...] = ()
    category_margins: tuple[float, ...] = ()
    offers: tuple[tuple[int, int, float], ...] = ()
    lacking: Lack | None = None

    def of(self, cohort: int) -> Findings:
        """What holds for the customers of a segment with models of its own; -1: of none."""
        own = self.segments[cohort] if 0 <= cohort < len(self.segments) else None
        if own is None:
            return self
        changed: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in own.items()}
        return replace(self, **changed)

    def modelled(self, cohort: Ints) -> Ints:
        """The segment whose models count for each customer, -1 for those of all; shape (n,)."""
        known = np.array([own is not None for own in self.segments] + [False])
        place = np.where((cohort >= 0) & (cohort < len(self.segments)), cohort, len(self.segments))
        return np.where(known[place], cohort, -1).astype(np.int64)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Findings:
        """What `to_json` wrote."""
        names = cls.__dataclass_fields__
        known: dict[str, Any] = {
            name: tuple(value) if name == "segments" else _tuples(value)
            for name, value in stored.items()
            if name in names
        }
        return cls(**known)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(each) for each in value) if isinstance(value, list) else value


def plain(values: Floats) -> tuple[float, ...]:
    """An array as a tuple of Python's own floats."""
    return tuple(float(value) for value in values)
