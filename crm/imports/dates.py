"""What stands in a cell, read as a day or a moment; what could mean two days is refused, not guessed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import jdatetime

from crm.errors import ValidationFailed
from crm.imports.style import Style, digits

JALALI_YEARS = range(1200, 1600)
"""Years of the Persian calendar that can be meant: 1821 to 2221 of the common era."""

_YEAR_FIRST = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_DAY_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[-/. ]+([^\W\d_]+)[-/., ]+(\d{4})")
_NAMED_DAY = re.compile(r"([^\W\d_]+)[. ]+(\d{1,2})(?:st|nd|rd|th)?[, ]+(\d{4})")
_CLOCK = re.compile(
    r"(?P<day>.+?)(?:,? +| *، *|T)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?(?: ?(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
)
_SERIAL = re.compile(r"\d{5}(\.\d+)?")

# The first three letters tell the English months apart.
_ENGLISH = dict(zip(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), range(1, 13),
                    strict=True))  # fmt: skip
_PERSIAN = {name: number for number, name in enumerate(jdatetime.date.j_months_fa, 1)}
_PERSIAN |= {"امرداد": 5, "ابان": 8, "اذر": 9}
_LETTERS = str.maketrans("يك", "یک")


def moment(text: str, style: Style, *, field: str) -> datetime:
    """A time, or the start of a day by the file's clock. Raises ValidationFailed."""
    plain = " ".join(digits(text).split())
    found = _standard(plain) or _clocked(plain, style, field)
    if found is None:
        found = datetime.combine(day(text, style, field=field), time())
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(style.time_zone))).astimezone(UTC)


def _standard(text: str) -> datetime | None:
    """A time in the form of ISO 8601; a year of the Persian calendar is none of it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if found.year in JALALI_YEARS else found


def _clocked(text: str, style: Style, field: str) -> datetime | None:
    """A day in any form, with a clock after it."""
    parts = _CLOCK.fullmatch(text)
    if parts is None:
        return None
    on, hour, half = day(parts["day"], style, field=field), int(parts["hour"]), (parts["half"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0) if 1 <= hour <= 12 else 24
    zone = {"Z": "+00:00", "UTC": "+00:00", "GMT": "+00:00"}.get(parts["zone"], parts["zone"] or "")
    try:
        return datetime.fromisoformat(f"{on} {hour:02}:{parts['minute']}:{parts['second'] or '00'}{zone}")
    except ValueError:
        raise _no_date(text, field) from None


def day(text: str, style: Style, *, field: str) -> date:
    """A date of the common or the Persian calendar. Raises ValidationFailed, also for one that could mean two days."""
    plain = " ".join(digits(text).split())
    try:
        return _named(plain) or _numbered(plain, style, field)
    except ValueError:
        raise _no_date(text, field) from None


def _no_date(text: str, field: str) -> ValidationFailed:
    hint = "; it looks like a spreadsheet's count of days: give the column the format of a date and export it again"
    said = hint if _SERIAL.fullmatch(text.strip()) else "; write it as 2026-03-21"
    return ValidationFailed(f"{field} '{text[:40]}' is not a date{said}.", path=(field,))


def _named(text: str) -> date | None:
    """A date whose month is named, in English or Persian."""
    if parts := _DAY_NAMED.fullmatch(text):
        of_month, name, year = parts.groups()
    elif parts := _NAMED_DAY.fullmatch(text):
        name, of_month, year = parts.groups()
    else:
        return None
    persian = _PERSIAN.get(name.translate(_LETTERS))
    month = persian or _ENGLISH.get(name.lower()[:3], 0)
    if (int(year) in JALALI_YEARS) != bool(persian):
        raise ValueError(text)
    return _calendar(int(year), month, int(of_month))


def _numbered(text: str, style: Style, field: str) -> date:
    if first := _YEAR_FIRST.fullmatch(text):
        return _calendar(*map(int, first.groups()))
    if last := _YEAR_LAST.fullmatch(text):
        one, two, year = map(int, last.groups())
        dotted = "." in text and style.date_order is None
        if max(one, two) <= 12 and one != two and style.date_order is None and not dotted:
            raise ValidationFailed(
                f"{field} '{text}' could be two days; say whether the file writes day or month first (DMY or MDY).",
                path=(field,),
            )
        month_first = style.date_order == "MDY" or (style.date_order is None and two > 12)
        return _calendar(year, *((one, two) if month_first else (two, one)))
    raise ValueError(text)


def _calendar(year: int, month: int, of_month: int) -> date:
    if year in JALALI_YEARS:
        found: date = jdatetime.date(year, month, of_month).togregorian()
        return found
    return date(year, month, of_month)
