"""Amounts gathered at few times since the first purchase, so that sums over many customers cost as little as over few.

A sum of w f(T) over many T is one of W f(t) over a few nodes t, as far as f is what a polynomial through its values at
the nodes says: each w is divided among the nodes by the Lagrange polynomials at its T (Trefethen, Approximation Theory
and Approximation Practice, 2013, chapters 4 and 5). What models expect is smooth in log(scale + T), and the nodes are
Chebyshev's there; how good they are is not assumed but measured (`good`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix

from crm.value.arrays import Floats

COUNTS = (20, 40)
"""How many nodes are tried; where neither will do, every time is one of its own."""
ERROR = 1e-10
"""What may be lost of a value between two nodes, as a share of it; usually it is a thousandth of this."""


@dataclass(frozen=True)
class Nodes:
    """Times from `first` to `last` that stand for all between: `at`, shape (k,), in the unit of the times."""

    first: float
    last: float
    scale: float
    count: int

    @property
    def at(self) -> Floats:
        low, high = np.log([self.scale + self.first, self.scale + self.last])
        return np.asarray(np.exp(low + (self._points + 1) / 2 * (high - low)) - self.scale)

    @property
    def between(self) -> Floats:
        """A time between each node and the next, where what is lost is most, shape (k - 1,)."""
        return np.asarray(np.sqrt((self.at[1:] + self.scale) * (self.at[:-1] + self.scale)) - self.scale)

    @property
    def _points(self) -> Floats:
        return np.asarray(-np.cos((np.arange(self.count) + 0.5) * np.pi / self.count))

    def shares(self, times: Floats) -> Floats:
        """How much of an amount at each time falls to each node, shape (n, k): a row adds up to one."""
        low, high = np.log([self.scale + self.first, self.scale + self.last])
        places = (np.log(self.scale + times) - low) / (high - low) * 2 - 1
        away = places[:, None] - self._points
        signs = (-1.0) ** np.arange(self.count) * np.sin((np.arange(self.count) + 0.5) * np.pi / self.count)
        near = np.abs(away) < 1e-15
        pull = np.where(near.any(axis=1)[:, None], near, signs / np.where(near, 1.0, away))
        return np.asarray(pull / pull.sum(axis=1)[:, None])


def good(nodes: Nodes, function: Callable[[Floats], Floats], least: int = 0) -> bool:
    """Whether a function of time, shape (k,) to (k, ..., j), is between the nodes what they say it is.

    But for `ERROR` of each value, or of that in the column `least` of the last axis where it is more.
    """
    there, said = function(nodes.between), np.tensordot(nodes.shares(nodes.between), function(nodes.at), axes=1)
    size = np.maximum(np.abs(there), np.abs(there[..., least, None]))
    return bool(np.all(np.abs(said - there) <= ERROR * size))


def gathered(nodes: Nodes, x: Floats, times: Floats, weights: Floats) -> tuple[Floats, Floats, Floats]:
    """The same amounts at the nodes only: x and times, shape (m,), and weights, shape (j, m), of m < n.

    x, times: shape (n,); weights: shape (j, n).
    """
    kinds, kind = np.unique(x, return_inverse=True)
    known, at = np.unique(times, return_inverse=True)
    shares = nodes.shares(known)
    sums = [csr_matrix((row, (kind, at)), shape=(len(kinds), len(known))) @ shares for row in weights]
    return np.repeat(kinds, nodes.count), np.tile(nodes.at, len(kinds)), np.stack([each.ravel() for each in sums])
