"""Reads that look at everybody: with room to sort in memory, and more time than a page has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from crm.database import reading, translated

SECONDS = 60
_patience: ContextVar[int] = ContextVar("patience", default=SECONDS)
# A sort of a million customers' moves goes to disk in the 4 MB that suit a page; compiling costs more than it saves.
_ROOM = "SET LOCAL work_mem = '128MB'; SET LOCAL statement_timeout = '{}s'; SET LOCAL jit = off"


@contextmanager
def patience(seconds: int) -> Iterator[None]:
    """Give reports inside so many seconds a statement, where nobody waits for them."""
    token = _patience.set(seconds)
    try:
        yield
    finally:
        _patience.reset(token)


def patience_left() -> int:
    """Seconds that a statement of a report may take here."""
    return _patience.get()


async def fetch_wide(sql: str, *args: Any) -> list[Any]:
    """The rows of a report. Raises Timeout after a minute, or as long as `patience` gives, DatabaseUnavailable."""
    seconds = patience_left()
    with translated():
        async with reading(snapshot=True) as driver:
            await driver.execute(_ROOM.format(seconds))
            rows: list[Any] = await driver.fetch(sql, *args, timeout=seconds + 5)
            return rows
