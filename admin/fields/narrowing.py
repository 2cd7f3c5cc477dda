"""What columns of days, points in time and shares are filtered by; two filters of times are lacking in the library."""

from __future__ import annotations

from starlette_admin.contrib.tortoise import filters as library
from starlette_admin.filters import BaseFilter, FilterApplyContext
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q


class _From:
    """It or a later one."""

    name = "since"
    label = lazy("Since")

    def apply(self, ctx: FilterApplyContext) -> Q:
        return Q(**{f"{ctx.field_name}__gte": ctx.value})


class _Until:
    """An earlier one."""

    name = "before"
    label = lazy("Before")

    def apply(self, ctx: FilterApplyContext) -> Q:
        return Q(**{f"{ctx.field_name}__lt": ctx.value})


class SinceDay(_From, library.DateEqualFilter):
    """The day or a later one."""


class BeforeDay(_Until, library.DateEqualFilter):
    """An earlier day."""


class Since(_From, library.DateTimeEqualFilter):
    """The moment or a later one."""


class Before(_Until, library.DateTimeEqualFilter):
    """An earlier moment."""


Filters = list[type[BaseFilter]]

_EMPTY: Filters = [library.IsNullFilter, library.IsNotNullFilter]
_ANY: Filters = [library.DateInPastFilter, library.DateInFutureFilter, *_EMPTY]
DAY: Filters = [SinceDay, BeforeDay, library.DateBetweenFilter, library.DateEqualFilter, *_ANY]
MOMENT: Filters = [Since, Before, library.DateTimeBetweenFilter, library.DateTimeEqualFilter, *_ANY]
SHARE: Filters = [
    library.GreaterThanOrEqualFilter,
    library.LessThanOrEqualFilter,
    library.BetweenFilter,
    *_EMPTY,
]
