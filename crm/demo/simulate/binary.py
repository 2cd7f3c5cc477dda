"""Whole columns of numbers as PostgreSQL's binary COPY format: rows of equal width, laid out by numpy in one go."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
EPOCH = 946_684_800_000_000
"""PostgreSQL counts from 2000 on; we, in microseconds, from 1970."""

DIGITS = 4
Column = NDArray[np.void]
Array = NDArray[np.generic]


def rows(columns: Mapping[str, Column], count: int) -> bytes:
    """The rows of these columns, without header and trailer."""
    layout: list[tuple[str, np.dtype[np.void] | str]] = [("fields", ">i2")]
    layout += [(name, column.dtype) for name, column in columns.items()]
    out = np.empty(count, dtype=np.dtype(layout))
    out["fields"] = len(columns)
    for name, column in columns.items():
        out[name] = column
    return out.tobytes()


def _sized(width: int, kind: str, values: Array) -> Column:
    out = np.empty(len(values), dtype=np.dtype([("length", ">i4"), ("value", kind)]))
    out["length"], out["value"] = width, values
    return out


def uuids(values: Array) -> Column:
    """16 bytes each, as dtype V16."""
    return _sized(16, "V16", values)


def times(microseconds: Array) -> Column:
    return _sized(8, ">i8", np.asarray(microseconds, dtype=np.int64) - EPOCH)


def dates(microseconds: Array) -> Column:
    return _sized(4, ">i4", (np.asarray(microseconds, dtype=np.int64) - EPOCH) // 86_400_000_000)


def booleans(values: Array) -> Column:
    """Column of bool."""
    return _sized(1, "?", values)


def integers(values: Array) -> Column:
    return _sized(4, ">i4", values)


def longs(values: Array) -> Column:
    return _sized(8, ">i8", values)


def shorts(values: Array) -> Column:
    return _sized(2, ">i2", values)


def texts(values: Array) -> Column:
    """Texts of one length, as dtype S."""
    return _sized(values.dtype.itemsize, values.dtype.str, values)


def money(cents: Array) -> Column:
    """Amounts up to 10^12, as numeric: three digits to the base of 10,000 before the point and one after it."""
    value = np.asarray(cents, dtype=np.int64)
    out = np.empty(len(value), dtype=np.dtype([("length", ">i4"), ("head", ">i2", 4), ("digits", ">i2", DIGITS)]))
    out["length"] = 8 + 2 * DIGITS
    out["head"] = (DIGITS, DIGITS - 2, 0, 2)
    whole = value // 100
    for place in range(DIGITS - 1):
        out["digits"][:, place] = whole // 10_000 ** (DIGITS - 2 - place) % 10_000
    out["digits"][:, DIGITS - 1] = value % 100 * 100
    return out


def text(value: str) -> Column:
    """The same text in every row."""
    return texts(np.array([value.encode()], dtype=f"S{len(value.encode())}")) if value else empty()


def empty() -> Column:
    """The empty text in every row."""
    return np.zeros(1, dtype=np.dtype([("length", ">i4")]))


def null() -> Column:
    out = np.empty(1, dtype=np.dtype([("length", ">i4")]))
    out["length"] = -1
    return out
