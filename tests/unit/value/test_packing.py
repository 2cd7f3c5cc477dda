"""Money packed for COPY is the money that was meant."""

from __future__ import annotations

import numpy as np
import pytest

from crm.value.columns import Column, Kind
from crm.value.runs.packing import pack


def read(row: bytes) -> int:
    """Ten-thousandths of the only field of a row, as PostgreSQL would read its numeric."""
    words = np.frombuffer(row[6:], dtype=">i2")
    count, weight, sign, scale = words[:4]
    assert (scale, len(words)) == (4, 4 + count)
    value = sum(int(digit) * 10_000 ** (int(weight) - at) for at, digit in enumerate(words[4:-1])) * 10_000
    assert weight == count - 2
    return (-1 if sign else 1) * (value + int(words[-1]))


@pytest.mark.parametrize("largest", [0, 9_999, 10**12 - 1, 10**12, 99_999_999_999_999_999])
def test_money_of_any_size_and_sign_keeps_its_digits(largest: int) -> None:
    amounts = np.array([largest, -largest, 1, -1, 10_000, 123_456_789, 0], dtype=np.int64)
    column = Column(Kind.MONEY, np.minimum(amounts, largest))
    table = b"".join(pack([column], len(amounts)))
    width = len(table) // len(amounts)
    rows = [table[at : at + width] for at in range(0, len(table), width)]
    assert [read(row) for row in rows] == column.values.tolist()
