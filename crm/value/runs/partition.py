"""The partition that holds one run's snapshots: filled alone, indexed at once, attached, and dropped as a whole."""

from __future__ import annotations

from uuid import UUID

from tortoise.exceptions import IntegrityError

from crm.database import connection, execute, fetch_value, transaction, translated
from models import ValueSnapshot

PARENT = "value_snapshot"
PATIENCE = 600.0
"""Seconds that building one index may take."""
STATISTICS = 40
"""How finely the spread of figures is known to the planner."""


def name(run_id: UUID) -> str:
    return f"{PARENT}_{run_id.hex}"


async def create(run_id: UUID) -> str:
    """An empty table for the run, which nobody reads yet; its name. One that an interrupted run left is dropped."""
    table = name(run_id)
    await drop(run_id)
    # Rows are checked as they come, which spares a look at all of them before the table is attached.
    await execute(
        f"CREATE TABLE {table} (LIKE {PARENT} INCLUDING DEFAULTS INCLUDING STORAGE, CHECK (run_id = '{run_id}'))"
    )
    return table


async def seal(run_id: UUID) -> None:
    """Give the filled table the keys and indexes of its parent, so that attaching it takes no time."""
    table = name(run_id)
    indexes = (index if isinstance(index, tuple) else index.fields for index in ValueSnapshot._meta.indexes)
    await _patiently(
        f"ALTER TABLE {table} ADD PRIMARY KEY (customer_id, run_id)",
        *(f"CREATE INDEX ON {table} ({', '.join(columns)})" for columns in indexes),
        f"ALTER TABLE {table} ADD FOREIGN KEY (run_id) REFERENCES value_run (id) ON DELETE CASCADE",
    )
    await _refer_to_customers(table)
    # Sixty columns of a sample take longer than all else here; coarse statistics do for figures.
    await _patiently(f"SET LOCAL default_statistics_target = {STATISTICS}", f"ANALYZE {table}")


async def _refer_to_customers(table: str) -> None:
    """Rows go with their customers from now on; those of customers deleted since they were read go at once."""
    key = f"ALTER TABLE {table} ADD FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE"
    try:
        async with transaction():
            await _patiently(key)
    except IntegrityError:
        await execute("LOCK TABLE customer IN SHARE ROW EXCLUSIVE MODE")
        await _patiently(
            f"DELETE FROM {table} s WHERE NOT EXISTS (SELECT FROM customer c WHERE c.id = s.customer_id)",  # noqa: S608
            key,
        )


async def _patiently(*statements: str) -> None:
    with translated():
        async with connection() as driver:
            for statement in statements:
                await driver.execute(statement, timeout=PATIENCE)


async def attach(run_id: UUID) -> None:
    """Make the sealed table part of all snapshots."""
    await execute(f"ALTER TABLE {PARENT} ATTACH PARTITION {name(run_id)} FOR VALUES IN ('{run_id}')")


async def drop(run_id: UUID) -> None:
    """Forget the snapshots of a run."""
    table = name(run_id)
    if await fetch_value("SELECT true FROM pg_inherits WHERE inhrelid = to_regclass($1)", table):
        await execute(f"ALTER TABLE {PARENT} DETACH PARTITION {table}")
    await execute(f"DROP TABLE IF EXISTS {table}")
