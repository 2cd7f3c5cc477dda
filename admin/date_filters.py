"""Filters of days and points in time that the library lacks: from one on, and before one."""

from __future__ import annotations

from starlette_admin.contrib.tortoise import filters as library
from starlette_admin.filters import BaseFilter, FilterApplyContext
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q


def _from(ctx: FilterApplyContext) -> Q:
    return Q(**{f"{ctx.field_name}__gte": ctx.value})


def _before(ctx: FilterApplyContext) -> Q:
    return Q(**{f"{ctx.field_name}__lt": ctx.value})


class SinceDay(library.DateEqualFilter):
    """The day or a later one."""

    name = "since"
    label = lazy("Since")

    def apply(self, ctx: FilterApplyContext) -> Q:
        return _from(ctx)


class BeforeDay(library.DateEqualFilter):
    """An earlier day."""

    name = "before"
    label = lazy("Before")

    def apply(self, ctx: FilterApplyContext) -> Q:
        return _before(ctx)


class Since(library.DateTimeEqualFilter):
    """The moment or a later one."""

    name = "since"
    label = lazy("Since")

    def apply(self, ctx: FilterApplyContext) -> Q:
        return _from(ctx)


class Before(library.DateTimeEqualFilter):
    """An earlier moment."""

    name = "before"
    label = lazy("Before")

    def apply(self, ctx: FilterApplyContext) -> Q:
        return _before(ctx)


_ANY: list[type[BaseFilter]] = [
    library.DateInPastFilter,
    library.DateInFutureFilter,
    library.IsNullFilter,
    library.IsNotNullFilter,
]
DAY: list[type[BaseFilter]] = [SinceDay, BeforeDay, library.DateBetweenFilter, library.DateEqualFilter, *_ANY]
MOMENT: list[type[BaseFilter]] = [Since, Before, library.DateTimeBetweenFilter, library.DateTimeEqualFilter, *_ANY]
