"""Writes the figures of a book into the snapshots of a run."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from crm.database import connection, fetch, translated
from crm.value.book import Book
from crm.value.columns import Column, Figures, Kind
from crm.value.runs import partition
from crm.value.runs.packing import HEADER, TRAILER, pack
from crm.value.runs.single import upsert
from models import ValueSnapshot

PATIENCE = 3600.0
"""Seconds that copying a run may take."""
IDENTITY = ("id", "created_at", "updated_at", "run_id", "customer_id", "as_of")
# `insufficient` keeps its default; everything else that a snapshot holds is a figure, null where there is none.
FIGURES = tuple(
    name for name in ValueSnapshot._meta.fields_db_projection.values() if name not in (*IDENTITY, "insufficient")
)

_REPLACED = """
DELETE FROM value_snapshot WHERE run_id = $1 AND customer_id = ANY($2::uuid[])
RETURNING customer_id, rfm_group, clv
"""


Part = tuple[Book, Figures]


async def write(
    run_id: UUID, parts: Iterable[Part], *, as_of: datetime, now: datetime, table: str = partition.PARENT
) -> int:
    """Append the snapshots of books to a run, inside the caller's transaction; their number.

    The parts are asked for one after the other, each in a thread, so that making them may take its time.
    """
    # A table of this very transaction takes rows that need no looking at ever again.
    return await _copy(table, _packed(run_id, iter(parts), as_of, now), freeze=table != partition.PARENT)


async def _copy(table: str, source: AsyncIterator[bytes] | io.BytesIO, *, freeze: bool = False) -> int:
    columns = [*IDENTITY, *FIGURES]
    with translated():
        async with connection() as driver:
            status: str = await driver.copy_to_table(
                table, source=source, columns=columns, format="binary", freeze=freeze, timeout=PATIENCE
            )
    return int(status.rsplit(" ", 1)[-1])


async def _packed(run_id: UUID, parts: Iterator[Part], as_of: datetime, now: datetime) -> AsyncIterator[bytes]:
    yield HEADER
    packed = (rows for part in parts for rows in _rows(run_id, part, as_of, now))
    ahead = asyncio.ensure_future(asyncio.to_thread(next, packed, None))
    while rows := await ahead:
        # The next rows are made and packed while these are on their way, or PostgreSQL would wait for them.
        ahead = asyncio.ensure_future(asyncio.to_thread(next, packed, None))
        yield rows
    yield TRAILER


def _rows(run_id: UUID, part: Part, as_of: datetime, now: datetime) -> Iterator[bytes]:
    book, figures = part
    columns = {**identity(run_id, book, as_of, now), **figures}
    unknown = Column(Kind.INT, np.zeros(len(book)), np.zeros(len(book), dtype=np.bool_))
    return pack([columns.get(name, unknown) for name in (*IDENTITY, *FIGURES)], len(book))


async def replace(
    run_id: UUID, book: Book, figures: Figures, keys: Sequence[UUID], *, as_of: datetime, now: datetime
) -> list[Any]:
    """Write the snapshots of a book over what the run has of `keys`; group and value before."""
    if len(book) == len(keys) == 1:
        return await upsert({**identity(run_id, book, as_of, now), **figures}, (*IDENTITY, *FIGURES))
    packed = b"".join([HEADER, *_rows(run_id, (book, figures), as_of, now), TRAILER])
    before = await fetch(_REPLACED, run_id, list(keys))
    await _copy(partition.PARENT, io.BytesIO(packed))
    return before


def identity(run_id: UUID, book: Book, as_of: datetime, now: datetime) -> Figures:
    """The columns that say whose snapshot it is, of which run, and of when."""
    count = len(book)
    return {
        "id": Column(Kind.KEY, keys(count, now)),
        "created_at": Column(Kind.TIME, np.full(count, now.timestamp())),
        "updated_at": Column(Kind.TIME, np.full(count, now.timestamp())),
        "run_id": Column(Kind.KEY, np.full(count, np.void(run_id.bytes))),
        "customer_id": Column(Kind.KEY, np.ascontiguousarray(book.rows["customer"])),
        "as_of": Column(Kind.TIME, np.full(count, as_of.timestamp())),
    }


def keys(count: int, now: datetime) -> NDArray[np.void]:
    """So many UUIDv7 of one moment."""
    made = np.frombuffer(bytearray(os.urandom(16 * count)), dtype=np.uint8).reshape(count, 16)
    made[:, :6] = np.frombuffer(int(now.timestamp() * 1000).to_bytes(6, "big"), dtype=np.uint8)
    made[:, 6] = made[:, 6] & 0x0F | 0x70
    made[:, 8] = made[:, 8] & 0x3F | 0x80
    return made.view("V16").reshape(count)
