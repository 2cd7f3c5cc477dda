"""Dates in forms: what the script behind date fields has to know of the reader, and reading what was typed."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

import jdatetime
from babel import Locale
from starlette_admin.i18n import get_locale, get_timezone
from starlette_admin.i18n import gettext as _

from admin import formats
from admin.preferences import current

FIRST_GREGORIAN = 1700
"""Years before this one are those of the solar Hijri calendar."""

_WEEKDAYS = range(-1, 6)
"""From Sunday, as scripts count them; Babel begins with Monday."""

SATURDAY, MONDAY = 6, 1
_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩", "01234567890123456789")


def for_scripts() -> dict[str, Any]:
    """The reader's calendar: its months, how a day is written, the first day of a week, and the picker's words."""
    locale, jalali = Locale.parse(get_locale()), current().jalali
    return {
        "calendar": "persian" if jalali else "gregory",
        "pattern": "d MMMM y" if jalali else locale.date_formats["medium"].pattern,
        "months": formats.jalali_months() if jalali else _months(locale, "abbreviated"),
        "names": {"persian": _jalali_names(), "gregory": _gregorian_names(locale)},
        "weekdays": [[locale.days["stand-alone"][width][day % 7] for width in ("narrow", "wide")] for day in _WEEKDAYS],
        "first": SATURDAY if jalali or get_locale() == "fa" else MONDAY,
        "persian_digits": current().persian_digits,
        "zone": get_timezone(),
        "comma": _(", "),
        "words": _words(),
    }


def _words() -> dict[str, str]:
    return {
        "open": _("Choose a date"),
        "days": _("Days"),
        "month": _("Month"),
        "year": _("Year"),
        "previous": _("Previous month"),
        "next": _("Next month"),
        "today": _("Today"),
        "clear": _("Clear"),
        "time": _("Time of day"),
        "done": _("OK"),
        "typed_day": _("yyyy-mm-dd"),
        "typed_time": _("yyyy-mm-dd hh:mm"),
        "no_day": day_complaint(),
        "no_time": time_complaint(),
    }


def _months(locale: Locale, width: str) -> list[str]:
    return [locale.months["format"][width][month] for month in range(1, 13)]


def _numbered(names: list[str]) -> dict[str, int]:
    return {name.casefold().rstrip("."): number for number, name in enumerate(names, 1)}


def _jalali_names() -> dict[str, int]:
    return {name: number for names in formats.JALALI_MONTHS.values() for name, number in _numbered(names).items()}


def _gregorian_names(locale: Locale) -> dict[str, int]:
    """The months in the reader's language and in English, long and short."""
    known: dict[str, int] = {}
    for spoken in (Locale.parse("en"), locale):
        known |= _numbered(_months(spoken, "wide")) | _numbered(_months(spoken, "abbreviated"))
    return known


def example() -> str:
    """A day as the reader may type it."""
    return formats.digits("1405/01/01" if current().jalali else "2026-03-21")


def day_complaint() -> str:
    return _("Type a date, such as %(example)s.") % {"example": example()}


def time_complaint() -> str:
    return _("Type a date and a time, such as %(example)s.") % {"example": f"{example()} {formats.digits('09:30')}"}


def read_day(text: str) -> date:
    """A day written with its year first, in either calendar and any digits; ValueError where it is none."""
    plain = text.translate(_DIGITS).strip()
    found = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", plain)
    if not found:
        return date.fromisoformat(plain)
    year, month, day = map(int, found.groups())
    if year >= FIRST_GREGORIAN:
        return date(year, month, day)
    gregorian: date = jdatetime.date(year, month, day).togregorian()
    return gregorian


def read_moment(text: str) -> datetime:
    """A day and a time of day in the same manner, without a zone unless one is written; ValueError where it is none."""
    plain = text.translate(_DIGITS).strip()
    day, _gap, time = re.sub(r"[T\s,،]+", "T", plain, count=1).partition("T")
    return datetime.fromisoformat(f"{read_day(day).isoformat()}T{time or '00:00'}")
