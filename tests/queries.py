"""Counting the statements that a piece of work sends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crm.database import listening

TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SET LOCAL")


@asynccontextmanager
async def counting(*, transaction_control: bool = False) -> AsyncIterator[list[str]]:
    """The statements sent inside the block, in order; BEGIN and its like only on request."""
    sent: list[str] = []

    def note(statement: str) -> None:
        if transaction_control or not statement.startswith(TRANSACTION_CONTROL):
            sent.append(statement)

    with listening(note):
        yield sent
