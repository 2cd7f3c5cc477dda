"""Quantiles of the beta prime distribution for many at once, read off a grid that is filled where it is needed."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincinv, ndtr, ndtri

from crm.value.arrays import Floats, Ints

# The grid is the same for everybody, so that one customer alone gets what it gets among a million.
_STEP = 0.2
_SHAPES = np.exp(np.arange(-30, 60) * _STEP)
_TAILS = np.exp(np.arange(-2, 76) * _STEP)
_NORMAL = np.arange(-21, 21) * 0.2


def cdf(shape: Floats, tail: Floats, value: Floats) -> Floats:
    """P(B <= value) for B = Gamma(shape) / Gamma(tail), shape (n,)."""
    held: Floats = betainc(shape, tail, value / (1 + value))
    return held


def exact_quantile(shape: Floats, tail: Floats, share: Floats) -> Floats:
    """The value that B does not exceed with probability `share`, (n,)."""
    part = betaincinv(shape, tail, share)
    # Near 1 the part loses its digits; its complement has them.
    rest = betaincinv(tail, shape, 1 - share)
    with np.errstate(divide="ignore", over="ignore"):
        value: Floats = np.where(part < 0.5, part / (1 - part), (1 - rest) / rest)
    return value


def quantile(shape: Floats, tail: Floats, share: Floats) -> Floats:
    """`exact_quantile` within half a percent of the mean, (n,), some thirty times as fast.

    Interpolates the logarithm of the quantile between shapes and tails a fifth apart in their logarithms, and shares a
    fifth of a standard deviation apart. Shapes from 0.0025 to 130,000, tails from 0.7 to 3 million, shares from 1e-5 to
    0.99997; what lies beyond is taken as the edge.
    """
    rows, row_part = _place(np.log(shape), _SHAPES)
    columns, column_part = _place(np.log(tail), _TAILS)
    at, part = _between(ndtri(np.clip(share, 1e-300, 1 - 1e-16)), _NORMAL[0], 0.2, len(_NORMAL))
    cells, table = _filled(rows, columns)
    width = len(_NORMAL)
    value = np.zeros(len(rows))
    for down in (0, 1):
        for right in (0, 1):
            here = cells[(rows + down) * len(_TAILS) + columns + right] * width + at
            along = table[here] * (1 - part) + table[here + 1] * part
            value += along * np.abs(1 - down - row_part) * np.abs(1 - right - column_part)
    found: Floats = np.exp(value)
    return found


def _place(logs: Floats, nodes: Floats) -> tuple[Ints, Floats]:
    return _between(logs, float(np.log(nodes[0])), _STEP, len(nodes))


def _between(values: Floats, first: float, step: float, count: int) -> tuple[Ints, Floats]:
    """The node below each value, and how far on it lies towards the next."""
    place = np.clip((values - first) / step, 0.0, count - 1.000001)
    below = place.astype(np.int64)
    return below, place - below


def _filled(rows: Ints, columns: Ints) -> tuple[Ints, Floats]:
    """For each node of the grid where its quantiles begin, and the logarithms of quantiles of the nodes in use."""
    size = len(_SHAPES) * len(_TAILS)
    used = np.zeros(size + len(_TAILS) + 2, dtype=np.bool_)
    corner = rows * len(_TAILS) + columns
    for beside in (0, 1, len(_TAILS), len(_TAILS) + 1):
        used[corner + beside] = True
    nodes = np.flatnonzero(used)
    cells = np.zeros(len(used), dtype=np.int64)
    cells[nodes] = np.arange(len(nodes))
    shape = np.repeat(_SHAPES[nodes // len(_TAILS)], len(_NORMAL))
    tail = np.repeat(_TAILS[nodes % len(_TAILS)], len(_NORMAL))
    values = exact_quantile(shape, tail, np.tile(ndtr(_NORMAL), len(nodes)))
    return cells, np.log(np.maximum(values, 1e-300))
