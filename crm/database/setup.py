"""Connecting a process to its database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tortoise import context as contexts
from tortoise.context import TortoiseContext

from crm.database.pool import Options, options_of
from crm.database.work import database
from crm.settings import Settings

APP = "models"
MIGRATIONS = "models.migrations"


def tortoise_config(dsn: str, settings: Settings | Options | None = None, *, jobs: bool = False) -> dict[str, Any]:
    """Tortoise's configuration, the same for the running product and for its migrations."""
    options = options_of(settings, jobs=jobs) if isinstance(settings, Settings) else settings or Options()
    return {
        "connections": {
            "default": {
                "engine": "crm.database.asyncpg_client",
                "credentials": {"dsn": dsn, "options": options},
            }
        },
        "apps": {APP: {"models": [APP], "default_connection": "default", "migrations": MIGRATIONS}},
        "use_tz": True,
        "timezone": "UTC",
    }


async def connect(
    dsn: str, settings: Settings | Options | None = None, *, jobs: bool = False, eager: bool = True
) -> TortoiseContext:
    """Connect this task and, unless another context does so already, the whole process.

    With `eager` the database is reached at once, or DatabaseUnavailable says why not. Give the result to
    `disconnect` in the same task.
    """
    context = TortoiseContext()
    await context.__aenter__()
    try:
        await context.init(config=tortoise_config(dsn, settings, jobs=jobs))
        if eager:
            async with database().writing.lend():
                pass
    except BaseException:
        await context.__aexit__(None, None, None)
        raise
    if contexts._global_context is None:
        contexts.set_global_context(context)
    return context


async def disconnect(context: TortoiseContext) -> None:
    await context.__aexit__(None, None, None)


@asynccontextmanager
async def connected(
    dsn: str, settings: Settings | Options | None = None, *, jobs: bool = False, eager: bool = True
) -> AsyncIterator[None]:
    """Be connected for as long as the block runs."""
    context = await connect(dsn, settings, jobs=jobs, eager=eager)
    try:
        yield
    finally:
        await disconnect(context)
