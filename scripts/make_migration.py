"""Write the migration that leads from the last one to the models of today: `make migration name=add_x`.

Tortoise 1.1 notes the constraints of a new table in its state but never creates them. They are created here by one
statement each in one operation: an `AddConstraint` apiece would be Tortoise's way, but it copies its whole state for
every operation, which for fifty of them takes seconds.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint
from tortoise.migrations.operations import AddField, CreateModel, Operation
from tortoise.migrations.writer import format_migration_name

APPS: dict[str, dict[str, Any]] = {
    "models": {"models": ["models"], "default_connection": "default", "migrations": "models.migrations"}
}
# Nothing is read from the database: the state is that of the migrations on disk.
CONFIG = {"connections": {"default": "asyncpg://nobody:nobody@127.0.0.1:1/nothing"}, "apps": APPS}


def new_constraints(operations: list[Operation]) -> list[str]:
    """The statements that create the constraints of new tables."""
    new = [operation for operation in operations if isinstance(operation, CreateModel)]
    return [
        constraint_sql((model.options or {})["table"], constraint)
        for model in new
        for constraint in (model.options or {}).get("constraints", ())
    ]


def constraint_sql(table: str, constraint: CheckConstraint | UniqueConstraint) -> str:
    if isinstance(constraint, CheckConstraint):
        return f'ALTER TABLE "{table}" ADD CONSTRAINT "{constraint.name}" CHECK ({constraint.check})'
    columns = ", ".join(f'"{column}"' for column in constraint.fields)
    if constraint.condition is None:
        return f'ALTER TABLE "{table}" ADD CONSTRAINT "{constraint.name}" UNIQUE ({columns})'
    return f'CREATE UNIQUE INDEX "{constraint.name}" ON "{table}" ({columns}) WHERE {constraint.condition}'


def refuse_unfillable(operations: list[Operation]) -> None:
    """Tortoise's defaults are Python's: a NOT NULL column without one of the database fails on a filled table."""
    for operation in operations:
        if isinstance(operation, AddField) and not (operation.field.null or operation.field.has_db_default()):
            sys.exit(
                f"{operation.model_name}.{operation.name} is new and NOT NULL, but rows that are there have no value "
                "for it: give the field a db_default, or null=True."
            )


def add_statements(path: Path, statements: list[str]) -> None:
    """Put one more operation at the end; Tortoise's writer knows no RunSQL. It goes away with its tables."""
    text = path.read_text(encoding="utf-8").rstrip().removesuffix("]").rstrip()
    lines = "".join(f"                {statement!r},\n" for statement in statements)
    text += (
        f"\n        ops.RunSQL(\n            [\n{lines}            ],\n            reverse_sql='',\n        ),\n    ]\n"
    )
    path.write_text(text, encoding="utf-8")


async def write(name: str) -> int:
    await Tortoise.init(config=CONFIG)
    for writer in await MigrationAutodetector(Tortoise.apps or {}, APPS).changes():  # type: ignore[arg-type]
        number = int(writer.name.split("_", 1)[0])
        writer.name = format_migration_name(number, "initial" if number == 1 else name)
        refuse_unfillable(list(writer.operations))
        path = writer.write()
        statements = new_constraints(list(writer.operations))
        if statements:
            add_statements(path, statements)
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(write(sys.argv[1] if len(sys.argv) > 1 else "change")))
