"""What filters above a list stand for: points in time that know their zone, and days as the reader reads them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from starlette_admin.filters import FilterGroup
from starlette_admin.i18n import gettext as _

from admin import formats

_DAY = re.compile(r"\b(\d{4}-\d{2}-\d{2})(?:T(\d{2}:\d{2})(?::\d{2})?)?\b")


def in_utc(filters: FilterGroup | None) -> None:
    """The library takes what was typed from the reader's zone to UTC, and forgets to say so."""
    for rule in filters.rules if filters else ():
        if isinstance(rule, FilterGroup):
            in_utc(rule)
        else:
            rule.value, rule.value2 = _aware(rule.value), _aware(rule.value2)


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def told(label: str) -> str:
    """The label of an active filter, with its days in the reader's calendar."""
    return _DAY.sub(_said, label)


def _said(found: re.Match[str]) -> str:
    try:
        day = formats.day(date.fromisoformat(found[1]))
    except ValueError:
        return found[0]
    return day if found[2] in (None, "00:00") else f"{day}{_(', ')}{formats.digits(found[2])}"
