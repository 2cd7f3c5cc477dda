"""Months, quarters and years as people call them."""

from __future__ import annotations

from datetime import date

from babel import dates
from starlette_admin.i18n import get_locale

from admin import formats

# Of the calendar that the periods are cut by, in every language: a Gregorian month is no month of another calendar.
_SHAPES = {"MONTH": "yMMM", "QUARTER": "yQQQ", "YEAR": "y"}


def of(start: date | None, grain: str) -> str:
    """The period of a grain that begins on a day: "Q2 2024"; a week is called by its first day."""
    shape = _SHAPES.get(grain)
    if start is None or shape is None:
        return formats.day(start)
    return formats.digits(dates.format_skeleton(shape, start, locale=get_locale()))
