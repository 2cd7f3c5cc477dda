"""The purchase history of n customers as the purchase models read it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from crm.value.arrays import Floats, floats, refuse, same_length
from crm.value.distinct import Distinct, distinct


@dataclass(frozen=True)
class History:
    """Recency and frequency of n customers, each column of shape (n,).

    x: distinct purchase days after the first; t_x: last minus first purchase; T: end of observation minus
    first purchase. t_x and T share one unit of time (days or weeks); conventions of Fader, Hardie & Lee
    (2005).
    """

    x: Floats
    t_x: Floats
    T: Floats

    @classmethod
    def of(cls, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> History:
        """A checked history; ValidationFailed names the column, the row, the value and the remedy."""
        history = cls(floats("x", x), floats("t_x", t_x), floats("T", T))
        history._check()
        return history

    def _check(self) -> None:
        same_length(x=self.x, t_x=self.t_x, T=self.T)
        refuse("x", self.x, (self.x < 0) | (self.x != np.floor(self.x)), "count purchase days, 0 or more")
        refuse("t_x", self.t_x, self.t_x < 0, "the last purchase cannot precede the first")
        refuse("T", self.T, self.t_x > self.T, "observation cannot end before the last purchase")
        refuse("t_x", self.t_x, (self.x == 0) & (self.t_x > 0), "without a repeat purchase it is 0")
        refuse("t_x", self.t_x, (self.x > 0) & (self.t_x == 0), "with a repeat purchase it is above 0")

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def triples(self) -> Distinct:
        """The distinct (x, t_x, T)."""
        return distinct(self.x, self.t_x, self.T)

    @cached_property
    def pairs(self) -> Distinct:
        """The distinct (x, T): all that matters once a customer is known to be alive."""
        return distinct(self.x, self.T)

    def sample(self, most: int) -> History:
        """Every k-th customer, with the smallest k that leaves at most `most`."""
        step = max(1, -(-len(self) // most))
        return self if step == 1 else History(self.x[::step], self.t_x[::step], self.T[::step])
