"""Fail when the models say something that no migration does."""

from __future__ import annotations

import asyncio
import sys

from make_migration import APPS, CONFIG
from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector


async def missing() -> list[str]:
    """What a new migration would do; the state is that of the migrations on disk, no database is asked."""
    await Tortoise.init(config=CONFIG)
    writers = await MigrationAutodetector(Tortoise.apps or {}, APPS).changes()  # type: ignore[arg-type]
    return [repr(operation) for writer in writers for operation in writer.operations]


if __name__ == "__main__":
    if found := asyncio.run(missing()):
        lines = "\n".join(f"  {line}" for line in found)
        sys.exit(f"The models are ahead of their migrations:\n{lines}\nRun `make migration name=what_changed`.")
