"""Evaluate once per distinct input: the device that makes a million customers cheap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crm.value.arrays import Floats, Ints

CHUNK = 4096


@dataclass(frozen=True)
class Distinct:
    """The m distinct rows of some columns (each shape (m,)), how often each occurs, and where each of n
    rows went.
    """

    columns: tuple[Floats, ...]
    counts: Floats
    index: Ints

    def once(self, function: Callable[..., Floats], *, chunk: int = CHUNK) -> Floats:
        """`function(*columns)` at the m distinct rows, `chunk` at a time to stay in cache, expanded to n
        rows.
        """
        return self.at(function, chunk=chunk)[self.index]

    def at(self, function: Callable[..., Floats], *, chunk: int = CHUNK) -> Floats:
        """`function(*columns)` at the m distinct rows, not expanded."""
        rows = len(self.counts)
        if rows <= chunk:
            return function(*self.columns)
        parts = [
            function(*(column[start : start + chunk] for column in self.columns)) for start in range(0, rows, chunk)
        ]
        return np.concatenate(parts)


def distinct(*columns: Floats) -> Distinct:
    """The distinct rows of float columns of equal shape (n,), in an order that depends on the values only."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        levels, rank = _ranks(column)
        # Ranks of what was seen so far keep the product of level counts within 64 bits for any number of columns.
        if len(code) and int(code.max()) > 2**62 // max(levels, 1):
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
        code = code * levels + rank
    return _grouped(code, columns)


def _ranks(column: Floats) -> tuple[int, Ints]:
    values, rank = np.unique(column, return_inverse=True)
    return len(values), rank.astype(np.int64)


def _grouped(code: Ints, columns: tuple[Floats, ...]) -> Distinct:
    order = np.argsort(code, kind="stable")
    ordered = code[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[:1] - 1)) if len(code) else np.zeros(0, dtype=np.int64)
    counts = np.diff(starts, append=len(code))
    index = np.empty(len(code), dtype=np.int64)
    index[order] = np.repeat(np.arange(len(starts)), counts)
    first = order[starts]
    return Distinct(tuple(column[first] for column in columns), counts.astype(np.float64), index)
