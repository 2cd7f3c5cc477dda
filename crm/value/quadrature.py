"""Gauss-Legendre nodes on [0, 1]."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from crm.value.arrays import Floats

# e^-40 is below half a unit in the last place of a double: what lies beyond adds nothing to an integral.
NEGLIGIBLE = 40.0


@lru_cache(maxsize=8)
def unit_nodes(count: int) -> tuple[Floats, Floats]:
    """`count` nodes and weights for integrals over [0, 1]; each of shape (count,)."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2
