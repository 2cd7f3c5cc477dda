"""Rows in chunks: each chunk is kept or lost as a whole, and tried again when another writer was first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from tortoise.exceptions import IntegrityError

from crm.database import Contention, retrying, transaction

CHUNK = 4_000
"""Rows a transaction: large enough that its overhead vanishes, small enough to stay far below the statement timeout."""

ATTEMPTS = 3

Row = TypeVar("Row")
Result = TypeVar("Result")


def chunks(rows: Sequence[Row], size: int = CHUNK) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


async def in_chunks(rows: Sequence[Row], work: Callable[[Sequence[Row]], Awaitable[list[Result]]]) -> list[Result]:
    """The results of `work` over all chunks, in the order of the rows."""
    results: list[Result] = []
    for chunk in chunks(rows):
        results += await one_chunk(chunk, work)
    return results


async def one_chunk(chunk: Sequence[Row], work: Callable[[Sequence[Row]], Awaitable[list[Result]]]) -> list[Result]:
    """One chunk in a transaction. A key that another writer took meanwhile is seen when it is tried again."""

    async def attempt() -> list[Result]:
        async with transaction():
            return await work(chunk)

    for _ in range(ATTEMPTS - 1):
        try:
            return await retrying(attempt)
        except IntegrityError:
            continue
    try:
        return await attempt()
    except IntegrityError as error:
        raise Contention("Others keep changing the same records; repeat the import.") from error
