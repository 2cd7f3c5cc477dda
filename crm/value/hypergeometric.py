"""Gauss's hypergeometric function without the gap that scipy leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import hyp2f1

from crm.value.arrays import Floats

_CLOSE, _NUDGE = 2e-7, 1e-6


def gauss(a: ArrayLike, b: ArrayLike, c: ArrayLike, z: ArrayLike) -> Floats:
    """2F1(a, b; c; z) for z in [0, 1), broadcasting; relative error below about 1e-9.

    For z above 0.9 scipy connects through 1 - z, and gives NaN, infinity or noise when c - a - b is (nearly) a whole
    number. There the mean of the function just below and just above that c is taken.
    """
    a, b, c, z = (np.asarray(value, dtype=np.float64) for value in (a, b, c, z))
    gap = c - a - b
    near = np.abs(gap - np.round(gap)) < _CLOSE
    if not near.any():
        return np.asarray(hyp2f1(a, b, c, z), dtype=np.float64)
    nudge = np.where(near & (z > 0.85), _NUDGE, 0.0)
    return np.asarray((hyp2f1(a, b, c - nudge, z) + hyp2f1(a, b, c + nudge, z)) / 2, dtype=np.float64)
