"""Reads that look at everybody: with room to sort in memory, and more time than a page has."""

from __future__ import annotations

from typing import Any

from crm.database import reading, translated

SECONDS = 60
# A sort of a million customers' moves goes to disk in the 4 MB that suit a page; compiling costs more than it saves.
_ROOM = f"SET LOCAL work_mem = '128MB'; SET LOCAL statement_timeout = '{SECONDS}s'; SET LOCAL jit = off"


async def fetch_wide(sql: str, *args: Any) -> list[Any]:
    """The rows of a report. Raises Timeout after a minute, DatabaseUnavailable."""
    with translated():
        async with reading(snapshot=True) as driver:
            await driver.execute(_ROOM)
            rows: list[Any] = await driver.fetch(sql, *args, timeout=SECONDS + 5)
            return rows
