"""Write the migration that leads from the last one to the models of today: `make migration name=add_x`.

Tortoise 1.1 notes the constraints of a new table in its state but never creates them, so they are taken out of
`CreateModel` here and added by operations of their own.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.operations import AddConstraint, CreateModel, Operation
from tortoise.migrations.writer import format_migration_name

APPS: dict[str, dict[str, Any]] = {
    "models": {"models": ["models"], "default_connection": "default", "migrations": "models.migrations"}
}
# Nothing is read from the database: the state is that of the migrations on disk.
CONFIG = {"connections": {"default": "asyncpg://nobody:nobody@127.0.0.1:1/nothing"}, "apps": APPS}


def with_constraints(operations: list[Operation]) -> list[Operation]:
    """The same operations, where each new table's constraints are added after all tables are there."""
    added: list[Operation] = []
    for operation in operations:
        if isinstance(operation, CreateModel):
            options = operation.options or {}
            constraints = options.pop("constraints", ())
            added += [AddConstraint(operation.name, constraint) for constraint in constraints]
    return [*operations, *added]


async def write(name: str) -> int:
    await Tortoise.init(config=CONFIG)
    for writer in await MigrationAutodetector(Tortoise.apps or {}, APPS).changes():  # type: ignore[arg-type]
        number = int(writer.name.split("_", 1)[0])
        writer.name = format_migration_name(number, "initial" if number == 1 else name)
        writer.operations = with_constraints(list(writer.operations))
        sys.stdout.write(f"{writer.write()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(write(sys.argv[1] if len(sys.argv) > 1 else "change")))
