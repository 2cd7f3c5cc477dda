"""How many records a list has, without counting a million of them."""

from __future__ import annotations

from typing import Any

from starlette_admin.i18n import gettext as _
from tortoise.queryset import QuerySet

from admin import formats
from crm.database import fetch_value

MOST = 10_000
"""Lists are counted, and can be paged, up to here; filters and searches find the rest."""

_ESTIMATE = "SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass($1)"


class Total(int):
    """A number of records that knows how it is to be read: exact, or as an estimate."""

    estimate: int | None = None
    more: bool = False
    """Whether there may be more than was looked at."""

    @property
    def capped(self) -> bool:
        return self.estimate is not None or self.more

    def __str__(self) -> str:
        if self.estimate is None:
            return formats.number(int(self)) + ("+" if self.more else "")
        if self.estimate > MOST:
            return _("about %(number)s") % {"number": formats.number(self.estimate)}
        return formats.number(MOST) + "+"


def total(count: int, estimate: int = 0) -> Total:
    """The number as far as it was counted; past the limit with what the planner thinks of the table."""
    found = Total(min(count, MOST))
    if count > MOST:
        found.estimate = estimate
    return found


async def estimated(table: str) -> int:
    """The planner's idea of a table's size, -1 before the first analysis."""
    return int(await fetch_value(_ESTIMATE, f'"{table}"') or 0)


async def counted(query: QuerySet[Any]) -> int:
    """The rows of a query, or one more than the limit."""
    limited = query.limit(MOST + 1).values_list("id", flat=True)
    return len(await limited)


async def count_all(query: QuerySet[Any], table: str, *, narrowed: bool) -> Total:
    """What a list shows as its length; an unfiltered big table is not counted at all."""
    estimate = 0 if narrowed else await estimated(table)
    if estimate > 5 * MOST:
        return total(MOST + 1, estimate)
    return total(await counted(query), estimate)
