"""`arzesh migrate`."""

from __future__ import annotations

import asyncio

from crm import embedded
from crm.commands.running import database, out
from crm.database import copies, migrations, transaction
from crm.settings import Settings


def migrate() -> None:
    """Bring the database to this version's shape. Doing it again changes nothing."""
    done = asyncio.run(apply(Settings.from_environment()))
    out.print(f"{len(done)} migrations applied." if done else "The database is up to date.")


async def apply(settings: Settings) -> list[str]:
    async with embedded.running(settings) as dsn:
        done = await migrations.migrate(dsn, report=lambda name: out.print(f"  {name}"))
    async with database(settings, without_limit=True), transaction():
        await copies.settle_events()  # of a copy that was restored by PostgreSQL's own programs
    return done
