"""What fitting the models of a run found, and how a fit that fails is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from crm.value.errors import FitRejected, InsufficientData
from crm.value.findings import LEVEL, Lack
from crm.value.notices import Notice, not_fitted
from crm.value.optimise import Fit


@dataclass
class Fitted:
    """What fitting found: the model with its parameters, spend, and what to say of them; and the same of segments."""

    model: str | None = None
    parameters: tuple[float, ...] = ()
    spend: tuple[float, ...] = ()
    mean_spend: float = 0.0
    variation: float = 0.0
    level: float = LEVEL
    fit: Fit | None = None
    segments: tuple[dict[str, Any] | None, ...] = ()
    lacking: Lack | None = None
    diagnostics: dict[str, Any] = field(default_factory=dict)
    warnings: list[Notice] = field(default_factory=list)


def attempt(work: Callable[[], Fit], model: str, found: Fitted, *, period: str = "ALL") -> Fit | None:
    """The fit that `work` makes; None, with a warning, when the data do not allow it. `period`: see `not_fitted`."""
    try:
        return work()
    except (FitRejected, InsufficientData) as problem:
        found.warnings.append(not_fitted(model, period, problem))
        return None
