"""Reading on a second connection what a transaction sees, so that two processors can work for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from crm.database.asyncpg_client import PooledTransaction, Transaction
from crm.database.faults import translated
from crm.database.work import current, database, execute, fetch_value


async def shared_moment() -> str | None:
    """The name under which other connections can see what the running transaction sees.

    None where there is nothing to share: outside a transaction, and within that of another (a savepoint, a test).
    """
    found = current()
    if not isinstance(found, Transaction) or found.sandbox or isinstance(found._parent, Transaction):
        return None
    moment: str = await fetch_value("SELECT pg_export_snapshot()")
    return moment


@asynccontextmanager
async def beside(moment: str) -> AsyncIterator[None]:
    """A read-only transaction on a connection of its own that sees a shared moment.

    The transaction that shares it has to be running still when this one begins. Raises DatabaseUnavailable when no
    connection is free.
    """
    context = PooledTransaction(Transaction(database(), isolation="repeatable_read", read_only=True))
    with translated():
        async with context:
            await execute(f"SET TRANSACTION SNAPSHOT '{moment}'")
            yield
