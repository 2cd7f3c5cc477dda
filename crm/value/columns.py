"""Columns of figures on their way into the database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from crm.value.arrays import Bools, Floats
from crm.value.assumptions import MICRO


class Kind(Enum):
    """How a column is written."""

    MONEY = "ten-thousandths"
    FLOAT = "float8"
    INT = "int4"
    SMALL = "int2"
    DAY = "days since 1970"
    TIME = "seconds since 1970"
    NAME = "number of a name"
    KEY = "a UUID"


@dataclass(frozen=True)
class Column:
    """Values, shape (n,), whether each is known (None: all are), and the names that numbers stand for."""

    kind: Kind
    values: NDArray[np.generic]
    known: Bools | None = None
    names: tuple[str, ...] = ()


Figures = dict[str, Column]


def money(values: Floats, known: Bools | None = None) -> Column:
    """Money of models, rounded to what the database holds; what is not finite or too large for it is unknown."""
    fits = np.abs(values) < 1e13
    seen = fits if known is None else fits & known
    return Column(Kind.MONEY, np.rint(np.where(seen, values, 0.0) * MICRO).astype(np.int64), seen)
