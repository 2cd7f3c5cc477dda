"""How well a model foretold a period that it did not see, and which model to trust."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from crm.errors import ValidationFailed
from crm.value.arrays import Floats, Ints, same_length, totals

STRONG_CORRELATION = 0.3
_ALIKE = 1.005


@dataclass(frozen=True)
class HoldoutError:
    """Expected against actual purchases of the holdout period.

    bias: (expected - actual)/actual in total, None when nobody bought. mean_absolute, root_mean_square: per customer.
    """

    expected: float
    actual: float
    bias: float | None
    mean_absolute: float
    root_mean_square: float


def holdout_error(expected: Floats, actual: Floats) -> HoldoutError:
    """Compare expected and actual purchases, each (n,)."""
    same_length(expected=expected, actual=actual)
    total, happened = float(expected.sum()), float(actual.sum())
    gap = expected - actual
    bias = (total - happened) / happened if happened else None
    return HoldoutError(total, happened, bias, float(np.abs(gap).mean()), float(np.sqrt(np.mean(gap**2))))


@dataclass(frozen=True)
class Calibration:
    """Mean expected and actual holdout purchases by frequency; the last row holds `top` and above. Shape
    (k,) each.
    """

    frequency: Ints
    customers: Ints
    expected: Floats
    actual: Floats


def calibration(x: Floats, expected: Floats, actual: Floats, *, top: int = 7) -> Calibration:
    """Group customers by purchases in the calibration period, `top` and more together; empty groups are
    left out.
    """
    same_length(x=x, expected=expected, actual=actual)
    level = np.minimum(x, top).astype(np.int64)
    frequency, index, customers = np.unique(level, return_inverse=True, return_counts=True)
    return Calibration(frequency, customers, totals(index, expected) / customers, totals(index, actual) / customers)


def spend_frequency_correlation(x: Floats, spend: Floats) -> float | None:
    """Pearson correlation of purchases and mean spend among repeat buyers; None when either does not vary.

    Gamma-gamma assumes none: warn above 0.3 in size.
    """
    repeat = x > 0
    a, b = x[repeat], spend[repeat]
    if len(a) < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def choose(errors: Mapping[str, HoldoutError]) -> str:
    """The name of the best model, given in order of preference.

    The least root mean square error decides; among models within 0.5% of it the one with the least bias in
    total, since that is what customer equity adds up to, and then the order given.
    """
    if not errors:
        raise ValidationFailed("No model could be judged on the holdout period.", path=("errors",))
    best = min(error.root_mean_square for error in errors.values())
    alike = {name: error for name, error in errors.items() if error.root_mean_square <= best * _ALIKE}
    return min(alike, key=lambda name: _off(alike[name]))


def _off(error: HoldoutError) -> float:
    return error.expected if error.bias is None else abs(error.bias)
