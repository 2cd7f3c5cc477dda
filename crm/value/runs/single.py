"""The snapshot of one customer written in one statement: a COPY takes longer to begin than one row takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from crm.database import fetch
from crm.value.assumptions import MICRO
from crm.value.columns import Column, Figures, Kind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN: dict[Kind, Callable[[Any], Any]] = {
    Kind.MONEY: lambda value: Decimal(int(value)) / MICRO,
    Kind.FLOAT: float,
    Kind.INT: int,
    Kind.SMALL: int,
    Kind.DAY: lambda value: date.fromordinal(_EPOCH.toordinal() + int(value)),
    Kind.TIME: lambda value: _EPOCH + timedelta(microseconds=int(np.rint(float(value) * 1e6))),
    Kind.KEY: lambda value: UUID(bytes=value.tobytes()),
}


async def upsert(figures: Figures, columns: Sequence[str]) -> list[Any]:
    """Write the only row of these columns over the customer's own in the run; group and value before, if it had any.

    What is not among the figures is null.
    """
    values = [plain(figures[name]) if name in figures else None for name in columns]
    rows = await fetch(_statement(columns), *values)
    return [row for row in rows if row["existed"]]


def plain(column: Column) -> Any:
    """The first value of a column as the driver takes it, None where it is unknown."""
    if column.known is not None and not column.known[0]:
        return None
    if column.names:
        return column.names[max(int(column.values[0]), 0)]
    return _PLAIN[column.kind](column.values[0])


def _statement(columns: Sequence[str]) -> str:
    written = ", ".join(columns)
    given = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    replaced = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in ("run_id", "customer_id"))
    return (
        f"INSERT INTO value_snapshot ({written}) VALUES ({given}) ON CONFLICT (run_id, customer_id) "  # noqa: S608
        f"DO UPDATE SET insufficient = DEFAULT, {replaced} RETURNING customer_id, old.rfm_group, old.clv, "
        "old.run_id IS NOT NULL AS existed"
    )
