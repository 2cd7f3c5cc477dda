"""`arzesh backup` and `arzesh restore`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from crm import embedded
from crm.commands.progress import told
from crm.commands.running import database, out
from crm.database import copies, migrations, transaction
from crm.settings import Settings

SECRET = "Keep ARZESH_SECRET_KEY with it{}: it is not in the file."


def backup(file: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write the whole database into one file, as of this moment; others go on working meanwhile."""
    settings = Settings.from_environment()
    asyncio.run(_backup(settings, file))
    kept = settings.data_home / "secret_key"
    out.print(SECRET.format(f" ('{kept}')" if kept.exists() else ""), markup=False)


def restore(file: Annotated[Path, typer.Argument(help="A file that `arzesh backup` or pg_dump -Fc wrote.")]) -> None:
    """Take a backup into an empty database, and bring it to this version's shape."""
    asyncio.run(_restore(Settings.from_environment(), file))


async def _backup(settings: Settings, file: Path) -> None:
    async with embedded.running(settings) as dsn:
        with told("Backup") as shown:
            size = await asyncio.to_thread(copies.dump, embedded.programs(), dsn, file)
            shown.result = f"{file}, {size / 1e6:,.1f} MB"


async def _restore(settings: Settings, file: Path) -> None:
    async with embedded.running(settings) as dsn:
        async with database(settings):
            await copies.need_empty()
        with told("Restore") as shown:
            await asyncio.to_thread(copies.load, embedded.programs(), dsn, file)
            shown.result = str(file)
        with told("Database") as shown:
            done = await migrations.migrate(dsn)
            shown.result = f"{len(done)} migrations" if done else "up to date"
        with told("Events") as shown:
            async with database(settings, without_limit=True), transaction():
                shown.result = f"{await copies.settle_events():,} numbered anew"
