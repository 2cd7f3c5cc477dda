"""What is known of each customer at a moment, as columns: the input of a value run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm.value.arrays import Bools, Floats, Ints
from crm.value.assumptions import MICRO
from crm.value.history import History

NEVER = -(2**31)
"""A day that did not happen; other days count from 1970-01-01."""

ENTRY = np.dtype(
    [
        ("customer", "V16"),
        ("first_day", "i4"),
        ("last_day", "i4"),
        ("purchases", "i4"),
        ("orders", "i4"),
        ("revenue", "i8"),
        ("first_revenue", "i8"),
        ("list_revenue", "i8"),
        ("goods", "i8"),
        ("uncosted", "i8"),
        ("serving", "i8"),
        ("acquisition", "i8"),
        ("points", "f4"),
        ("nps", "f4"),
        ("csat", "f4"),
        ("ces", "f4"),
        ("kept", "f4"),
        ("breadth", "i2"),
        ("top_share", "f4"),
        ("prior_group", "i2"),
        ("prior_previous", "i2"),
        ("changed_at", "f8"),
        ("cohort", "i2"),
    ]
)
"""One customer. Days since 1970; money in ten-thousandths of the base currency; shares 0..1; NaN where unknown.

purchases: purchase days. uncosted: revenue whose cost of goods
nobody recorded. points: of learning. nps, csat, ces: mean ratings 0..1, 1 is best. kept: share of promises kept on
time. breadth: staff with two or more contacts in a year. prior_*: the RFM group of the run before, -1 for none;
changed_at: seconds since 1970. cohort: the place among the segments with models of their own, -1 for none.
"""

EARLY = np.dtype([("purchases", "i4"), ("last_day", "i4"), ("revenue", "i8")])
"""What was known of a customer when the holdout period began; -1 purchases where nobody asked."""


@dataclass(frozen=True)
class Buyers:
    """Some rows of a book, taken out of it one column at a time: all at once would be the book once more."""

    rows: NDArray[np.void]
    places: Ints | None

    def __len__(self) -> int:
        return len(self.rows if self.places is None else self.places)

    def __getitem__(self, name: str) -> NDArray[Any]:
        column = self.rows[name]
        return column if self.places is None else column[self.places]


@dataclass(frozen=True)
class Book:
    """The customers known on `end` (days since 1970), rows of `ENTRY` sorted by key, in the unit of `unit_days`.

    early_end: the last day before the holdout period, None when time is too short for one; early: rows of `EARLY`,
    known of those who judge the models. at: the moment, in seconds.
    categories, category_margins: of products, and what each brings on average from a customer who bought it of late.
    owned: bits of the categories that each customer bought of late, shape (n,). wallet: what each spends in a year with
    everybody, in the currency, NaN where unknown, shape (n,). Both are None where nothing is known of anybody.
    """

    rows: NDArray[np.void]
    end: int
    unit_days: float
    early_end: int | None = None
    early: NDArray[np.void] | None = None
    at: float = 0.0
    categories: tuple[str, ...] = ()
    category_margins: tuple[float, ...] = ()
    owned: Ints | None = None
    wallet: Floats | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def cut(self, here: slice) -> Book:
        """Some of the customers."""
        return self._only(here)

    def of(self, which: Bools | Ints) -> Book:
        """The customers that are marked, shape (n,), or at these places."""
        return self._only(which)

    def _only(self, which: slice | Bools | Ints) -> Book:
        early = None if self.early is None else self.early[which]
        owned = None if self.owned is None else self.owned[which]
        wallet = None if self.wallet is None else self.wallet[which]
        return replace(self, rows=self.rows[which], early=early, owned=owned, wallet=wallet)

    def forget(self) -> None:
        """Let go of the histories of everybody, which are made again when they are asked for."""
        for name in ("history", "repeat_spend"):
            self.__dict__.pop(name, None)

    @cached_property
    def bought(self) -> Bools:
        """Who has at least one purchase day."""
        return np.asarray(self.rows["purchases"] > 0)

    @cached_property
    def buyers(self) -> Buyers:
        return Buyers(self.rows, None if self.bought.all() else np.flatnonzero(self.bought))

    @cached_property
    def history(self) -> History:
        """Recency and frequency of the buyers."""
        rows = self.buyers
        return self.history_of(rows["first_day"], rows["purchases"], rows["last_day"], self.end)

    def history_of(self, first: Ints, purchases: Ints, last: Ints, end: int) -> History:
        """Histories in the unit of the book: first and last purchase day and purchase days as of a day, shape (k,)."""
        begin, unit = first.astype(np.float64), self.unit_days
        return History(purchases.astype(np.float64) - 1, (last - begin) / unit, (end - begin) / unit)

    @cached_property
    def repeat_spend(self) -> Floats:
        """Mean money of the buyers' repeat purchase days; NaN for those who bought on one day only."""
        return _mean(self.buyers["revenue"] - self.buyers["first_revenue"], self.history.x)


def _mean(money: NDArray[np.int64], x: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: Floats = np.where(x > 0, money / MICRO / x, np.nan)
    return mean
