"""What the organisation assumes when it values customers: every figure depends on these, and names them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from typing import Any, Literal

from crm.value.discount import Horizon

MarginBasis = Literal["COSTS", "RATE"]
MICRO = 10_000
"""Money is counted in ten-thousandths of the currency: whole numbers, exact."""


@dataclass(frozen=True)
class Assumptions:
    """Choices behind a value run.

    horizon_days: for expected purchases, spend and churn. clv_horizon_days: for residual value. discount_rate: a
    year. margin_basis: COSTS takes recorded costs of goods, and margin_rate where there are none; RATE takes
    margin_rate for everything. model: a name of `MODELS`, or AUTO for the one that foretells a holdout period best.
    holdout_days: length of that period, None for a third of the time observed, a year at most. calibration_days: fit
    on customers won within so many days, None for all. unit_days: the unit of time of the models. unit_costs: money
    per interaction by its kind or channel; hourly_cost: money per hour of its duration. retention_success: the share
    of those about to leave whom an action keeps. came_anyway, referral_depth, referral_decay: see `referral`.
    capture_rate: the share of the gap to the upper quartile of alike customers that can be won. learning_points:
    points by kind of interaction; learning_outcome: the outcome that says it led to a change, which multiplies the
    points by learning_multiplier; learning_point_value: money per point, None if points are not worth money.
    fit_segments: keys of segments that get models of their own, the first that holds a customer counts; those of all
    customers describe the rest, and segments too small for a model. price_cut, cost_cut: axes of the profitability
    matrix, None for the medians. wallet_field: key of the custom field that holds what a customer spends in a year with
    everybody, in the base currency; None where nobody knows. lost_below: a customer whose P(alive) fell below it counts
    as lost. strategic_*: who is proposed as strategically significant: the fewest who hold so much of all positive
    value, who brought so many customers, of whose ideas so many were adopted, whose profit covers such a share of all
    cost to serve; at most so many of a kind. keep_runs: how many runs stay.
    """

    horizon_days: int = 365
    clv_horizon_days: int = 1095
    discount_rate: Decimal = Decimal("0.10")
    margin_basis: MarginBasis = "COSTS"
    margin_rate: Decimal = Decimal("0.30")
    model: str = "AUTO"
    holdout_days: int | None = None
    calibration_days: int | None = None
    unit_days: int = 7
    unit_costs: dict[str, Decimal] = field(default_factory=dict)
    hourly_cost: Decimal = Decimal(0)
    retention_success: Decimal = Decimal("0.20")
    came_anyway: Decimal = Decimal("0.50")
    referral_depth: int = 2
    referral_decay: Decimal = Decimal("0.50")
    capture_rate: Decimal = Decimal("0.20")
    learning_points: dict[str, Decimal] = field(
        default_factory=lambda: {
            "IDEA": Decimal(5),
            "COMPLAINT": Decimal(2),
            "FEEDBACK": Decimal(1),
            "SURVEY": Decimal(1),
        }
    )
    learning_outcome: str = "adopted"
    learning_multiplier: Decimal = Decimal(5)
    learning_point_value: Decimal | None = None
    fit_segments: tuple[str, ...] = ()
    price_cut: Decimal | None = None
    cost_cut: Decimal | None = None
    wallet_field: str | None = None
    lost_below: Decimal = Decimal("0.10")
    strategic_share: Decimal = Decimal("0.80")
    strategic_referrals: int = 2
    strategic_adoptions: int = 1
    strategic_cost_share: Decimal = Decimal("0.05")
    strategic_most: int = 100
    keep_runs: int = 12

    @property
    def horizon(self) -> float:
        """The horizon in units of the models."""
        return self.horizon_days / self.unit_days

    @property
    def clv_horizon(self) -> Horizon:
        """The horizon of residual value in months, the last one shortened to fit."""
        months = max(1, round(self.clv_horizon_days / 365 * 12))
        return Horizon(
            annual_rate=float(self.discount_rate),
            units_per_year=365 / self.unit_days,
            periods=months,
            periods_per_year=months / (self.clv_horizon_days / 365),
        )

    def to_json(self) -> dict[str, Any]:
        """As JSON can hold it: decimals are text."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Assumptions:
        """What `to_json` wrote; choices that did not exist then have their defaults."""
        kinds = {entry.name: str(entry.type) for entry in fields(cls)}
        return cls(**{name: _typed(kinds[name], value) for name, value in stored.items() if name in kinds})


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: str(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Decimal) else value


def _typed(kind: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: Decimal(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return tuple(value)
    return Decimal(value) if value is not None and kind.startswith("Decimal") else value
