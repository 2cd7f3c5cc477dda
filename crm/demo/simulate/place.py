"""Where simulated rows go, and rows of a table ready to be copied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from crm.demo.simulate import keys
from crm.demo.simulate.binary import Column, rows, times, uuids
from crm.demo.simulate.blocks import Ints

Keys = NDArray[np.void]


@dataclass(frozen=True)
class Place:
    """Where the rows go: the keys of what they refer to, and what they have in common."""

    mark: int
    at_ms: int
    now: datetime
    currency: str
    source: str
    lifecycle: Keys
    stages: Mapping[str, Keys]
    staff: Keys
    products: Keys
    segment: Keys
    lines_every: int
    end_us: int

    def keys(self, noun: int, customer: Ints, number: Ints | int = 0) -> Keys:
        return keys.keys(self.mark, self.at_ms, noun, customer, number)

    def customer(self, numbers: Ints) -> Column:
        return uuids(self.keys(keys.CUSTOMER, numbers))

    def common(self, noun: int, customer: Ints, number: Ints | int = 0) -> dict[str, Column]:
        """What every row has: its key, its times and its customer."""
        at = times(np.array([int(self.now.timestamp() * 1_000_000)]))
        own = uuids(self.keys(noun, customer, number))
        return {"id": own, "created_at": at, "updated_at": at, "customer_id": self.customer(customer)}


@dataclass(frozen=True)
class Rows:
    """Rows of a table, ready to be copied."""

    table: str
    columns: tuple[str, ...]
    data: bytes


def packed(table: str, columns: Mapping[str, Column], count: int) -> Rows:
    return Rows(table, tuple(columns), rows(columns, count))
