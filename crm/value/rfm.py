"""Recency, frequency and monetary scores by cut points, and the 25 cells that have names."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crm.errors import ValidationFailed
from crm.value.arrays import Floats, Ints, floats

# Rows are recency scores 1..5, columns frequency scores 1..5: every cell belongs to one group.
_GROUPS = (
    ("HIBERNATING", "HIBERNATING", "AT_RISK", "AT_RISK", "CANNOT_LOSE"),
    ("HIBERNATING", "HIBERNATING", "AT_RISK", "AT_RISK", "CANNOT_LOSE"),
    ("ABOUT_TO_SLEEP", "ABOUT_TO_SLEEP", "NEEDS_ATTENTION", "LOYAL", "LOYAL"),
    ("PROMISING", "POTENTIAL_LOYALIST", "POTENTIAL_LOYALIST", "LOYAL", "LOYAL"),
    ("NEW", "POTENTIAL_LOYALIST", "POTENTIAL_LOYALIST", "CHAMPION", "CHAMPION"),
)
_CELLS = np.array(_GROUPS)
GROUPS = tuple(dict.fromkeys(name for row in _GROUPS for name in row))


def cut_points(values: ArrayLike, *, unit: float = 1.0, groups: int = 5) -> Floats:
    """Interpolated quantiles at 1/k, ..., (k - 1)/k plus one unit, shape (groups - 1,) (rule of the R package rfm).

    `unit` is the smallest step of the measure (1 day, 1 purchase, 1 of the currency). ValidationFailed when
    empty, or where a value is not finite.
    """
    seen = floats("values", values)
    if not len(seen):
        raise ValidationFailed("There are no customers to take quantiles of.", path=("values",))
    cuts: Floats = np.quantile(seen, np.arange(1, groups) / groups) + unit
    return cuts


def score(values: ArrayLike, cuts: ArrayLike, *, reverse: bool = False) -> Ints:
    """1 + the number of cut points at or below each value, shape (n,), so ties share a score.

    `reverse` for recency in days, where little is good.
    """
    cuts = floats("cuts", cuts)
    above = np.searchsorted(cuts, floats("values", values), side="right").astype(np.int64)
    return len(cuts) + 1 - above if reverse else above + 1


def split_evenly(values: ArrayLike, *, groups: int = 5) -> Ints:
    """Scores 1..groups of equal size, shape (n,), as NTILE gives them: ties are split by row order. Opt-in only."""
    values = floats("values", values)
    order = np.argsort(values, kind="stable")
    result = np.empty(len(values), dtype=np.int64)
    sizes = np.full(groups, len(values) // groups)
    sizes[: len(values) % groups] += 1
    result[order] = np.repeat(np.arange(1, groups + 1), sizes)
    return result


def group(recency: ArrayLike, frequency: ArrayLike) -> NDArray[np.str_]:
    """The name of each customer's cell, shape (n,), from recency and frequency scores 1..5."""
    recency, frequency = (np.atleast_1d(np.asarray(scores, dtype=np.int64)) for scores in (recency, frequency))
    for name, scores in (("recency", recency), ("frequency", frequency)):
        if len(scores) and (scores.min() < 1 or scores.max() > 5):
            raise ValidationFailed(f"{name} scores must lie between 1 and 5.", path=(name,))
    names: NDArray[np.str_] = _CELLS[recency - 1, frequency - 1]
    return names
