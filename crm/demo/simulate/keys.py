"""UUIDv7 keys that follow from what they name, made by the million."""

from __future__ import annotations

from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from crm.demo.simulate.blocks import Ints

CUSTOMER, ORDER, LINE, DAY, IDENTITY, POSITION, TRANSITION, COST, TOUCH, RELATIONSHIP, MEMBERSHIP = range(11)
PRODUCT_DAY, TOTAL = 11, 12
"""The nouns of keys; below 16."""

PER_CUSTOMER = 1 << 16
"""Room for the things of one noun that a customer can have."""


def keys(mark: int, at_ms: int, noun: int, customer: Ints, number: Ints | int = 0) -> NDArray[np.void]:
    """Keys of things of customers, dtype V16: in order of customer and number, hence quick to index.

    Version 7 asks for the time in 48 bits (here that of the whole simulation); then come noun and mark, customer and
    number. `mark` (16 bits) keeps different simulations apart.
    """
    count = len(customer)
    high = (np.uint64(at_ms) << np.uint64(16)) | np.uint64(0x7000 | noun << 8 | mark & 0xFF)
    sequence = np.asarray(customer, dtype=np.uint64) * np.uint64(PER_CUSTOMER) + np.asarray(number, dtype=np.uint64)
    low = np.uint64(1 << 63) | (sequence << np.uint64(8)) | np.uint64(mark >> 8 & 0xFF)
    out = np.empty((count, 2), dtype=">u8")
    out[:, 0], out[:, 1] = high, low
    return out.view("V16").reshape(count)


def as_uuids(values: NDArray[np.void]) -> list[UUID]:
    return [UUID(bytes=value.tobytes()) for value in values]


def from_uuids(values: list[UUID]) -> NDArray[np.void]:
    return np.frombuffer(b"".join(value.bytes for value in values), dtype="V16")
