"""Packs columns into PostgreSQL's binary COPY format, whole columns at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from crm.value.columns import Column, Kind

Bytes = NDArray[np.uint8]

HEADER = b"PGCOPY\n\xff\r\n\0" + b"\0" * 8
TRAILER = b"\xff\xff"
ROWS = 8192
"""Rows packed at once: few enough to stay in cache."""
_DAYS_TO_2000 = 10_957
_SECONDS_TO_2000 = 946_684_800
# A numeric is digits to base 10,000; money has one of them after the point, and before it four or, where that will do
# for all, two: PostgreSQL reads each digit by itself.
_NUMERIC = {
    digits: np.dtype([*((part, ">i2") for part in ("digits", "weight", "sign", "scale")), ("value", ">i2", digits)])
    for digits in (3, 5)
}
_NEGATIVE = 0x4000


def _as_bytes(values: NDArray[np.generic], dtype: str) -> Bytes:
    packed = np.ascontiguousarray(values.astype(dtype))
    return packed.view(np.uint8).reshape(len(packed), -1)


def _money(values: NDArray[np.generic]) -> Bytes:
    given = values.astype(np.int64)
    whole = np.abs(given)
    digits = 3 if whole.max(initial=0) < 10**12 else 5
    packed = np.empty(len(whole), dtype=_NUMERIC[digits])
    packed["digits"], packed["weight"], packed["scale"] = digits, digits - 2, 4
    packed["sign"] = np.where(given < 0, _NEGATIVE, 0)
    # Two digits at a time, for small numbers are divided several times as fast.
    for place in range(digits - 2, 0, -2):
        whole, pair = np.divmod(whole, 10**8)
        packed["value"][:, place], packed["value"][:, place + 1] = np.divmod(pair.astype(np.uint32), 10_000)
    packed["value"][:, 0] = whole
    return packed.view(np.uint8).reshape(len(packed), -1)


_FIXED: dict[Kind, Callable[[NDArray[np.generic]], Bytes]] = {
    Kind.MONEY: _money,
    Kind.FLOAT: lambda values: _as_bytes(values, ">f8"),
    Kind.INT: lambda values: _as_bytes(values, ">i4"),
    Kind.SMALL: lambda values: _as_bytes(values, ">i2"),
    Kind.DAY: lambda values: _as_bytes(values.astype(np.int64) - _DAYS_TO_2000, ">i4"),
    Kind.TIME: lambda values: _as_bytes(
        np.rint((np.nan_to_num(values.astype(np.float64)) - _SECONDS_TO_2000) * 1e6), ">i8"
    ),
    Kind.KEY: lambda values: np.ascontiguousarray(values).view(np.uint8).reshape(len(values), -1),
}


def pack(columns: list[Column], rows: int) -> Iterator[bytes]:
    """The rows of a binary COPY, some thousand at a time; HEADER goes before the first, TRAILER after the last."""
    dictionaries = [_dictionary(column) for column in columns]
    for start in range(0, rows, ROWS):
        stop = min(start + ROWS, rows)
        yield _rows([_cut(column, start, stop) for column in columns], dictionaries, stop - start)


def _cut(column: Column, start: int, stop: int) -> Column:
    known = None if column.known is None else column.known[start:stop]
    return Column(column.kind, column.values[start:stop], known, column.names)


def _dictionary(column: Column) -> tuple[Bytes, NDArray[np.int64]] | None:
    """The texts that numbers stand for, as one padded table and their lengths."""
    if not column.names:
        return None
    texts = [name.encode() for name in column.names]
    width = max(map(len, texts))
    table = np.frombuffer(b"".join(text.ljust(width, b"\0") for text in texts), dtype=np.uint8)
    return table.reshape(len(texts), width), np.array([len(text) for text in texts])


def _rows(columns: list[Column], dictionaries: list[tuple[Bytes, NDArray[np.int64]] | None], count: int) -> bytes:
    """The fields of each row side by side, padded to equal width; then everything but the padding, row by row."""
    blocks = [_block(column, texts) for column, texts in zip(columns, dictionaries, strict=True)]
    width = 2 + sum(block.shape[1] for block, _ in blocks)
    table = np.empty((count, width), dtype=np.uint8)
    counts = np.ones((count, width), dtype=np.bool_)
    table[:, :2] = _as_bytes(np.array([len(columns)]), ">i2")
    at = 2
    for block, size in blocks:
        end = at + block.shape[1]
        table[:, at:end] = block
        if size is not None:
            counts[:, at:end] = np.arange(end - at) < size[:, None]
        at = end
    return table[counts].tobytes()


def _block(column: Column, texts: tuple[Bytes, NDArray[np.int64]] | None) -> tuple[Bytes, NDArray[np.int64] | None]:
    """Length and value of one field of every row, and how many bytes of it count where that is not all of them."""
    if texts is None:
        value = _FIXED[column.kind](column.values)
        length = np.full(len(value), value.shape[1])
    else:
        number = np.maximum(column.values.astype(np.int64), 0)
        value, length = texts[0][number], texts[1][number]
    if column.known is not None:
        length = np.where(column.known, length, -1)
    size = None if (length == value.shape[1]).all() else 4 + np.maximum(length, 0)
    return np.concatenate([_as_bytes(length, ">i4"), value], axis=1), size
