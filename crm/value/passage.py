"""First passage: how likely, and how soon, paths over states come to each state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crm.value.arrays import Bools, Floats
from crm.value.markov import stochastic


@dataclass(frozen=True)
class Passage:
    """From each of K states (rows) to each (columns), shape (K, K).

    reach: probability of ever standing in the column's state, 1 on the diagonal. periods: expected periods until
    then, of the paths that come there; NaN where none does, 0 on the diagonal.
    """

    reach: Floats
    periods: Floats


def passage(matrix: Floats) -> Passage:
    """First passage of a chain with transition probabilities `matrix`, shape (K, K) (Kemeny & Snell 1960, ch. 3).

    For a target j, h = (I - Q)^-1 P_j over the other states from which j can be reached; the expected time of the
    paths that come there follows from the chain conditioned on it, P'_ij = P_ij h_j / h_i (Doob's transform). Raises
    ValidationFailed unless each row holds probabilities.
    """
    matrix = stochastic(matrix)
    size = len(matrix)
    reach, periods = np.eye(size), np.full((size, size), np.nan)
    np.fill_diagonal(periods, 0.0)
    possible = _reachable(matrix)
    for target in range(size):
        start = np.flatnonzero(possible[:, target] & (np.arange(size) != target))
        if not len(start):
            continue
        within = matrix[np.ix_(start, start)]
        chance = np.linalg.solve(np.eye(len(start)) - within, matrix[start, target])
        reach[start, target] = np.clip(chance, 0.0, 1.0)
        conditioned = within * chance[None, :] / chance[:, None]
        periods[start, target] = np.linalg.solve(np.eye(len(start)) - conditioned, np.ones(len(start)))
    return Passage(reach, periods)


def _reachable(matrix: Floats) -> Bools:
    """Which states (columns) can be reached from which (rows), in any number of steps."""
    possible = (matrix > 0) | np.eye(len(matrix), dtype=bool)
    for _ in range(max(len(matrix) - 1, 1).bit_length()):
        possible = (possible.astype(np.int64) @ possible.astype(np.int64)) > 0
    return possible
