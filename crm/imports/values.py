"""What stands in a cell, read as a date, an amount or a number; what could mean two things is refused, not guessed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import jdatetime

from crm.errors import ValidationFailed

JALALI_YEARS = range(1200, 1600)
"""Years of the Persian calendar that can be meant: 1821 to 2221 of the common era."""

_YEAR_FIRST = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})")
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_GROUPED_COMMA = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")
_SEPARATORS = str.maketrans(
    {"٬": ",", "٫": ".", "،": ",", "\u00a0": None, "\u202f": None, " ": None, "’": None, "'": None}
)


@dataclass(frozen=True, slots=True)
class Style:
    """How a file writes things. `date_order` is DMY or MDY for dates such as 03/04/2026."""

    date_order: str | None = None
    decimal_comma: bool = False
    time_zone: str = "UTC"


def digits(text: str) -> str:
    """The text with the digits of any script as ASCII ones."""
    if text.isascii():
        return text
    return "".join(str(unicodedata.digit(each)) if unicodedata.category(each) == "Nd" else each for each in text)


def moment(text: str, style: Style, *, field: str) -> datetime:
    """A time, or the start of a day by the file's clock. Raises ValidationFailed."""
    plain = digits(text).strip()
    try:
        found = datetime.fromisoformat(plain)
    except ValueError:
        found = None
    if found is None or (found.year in JALALI_YEARS and len(plain) <= len("1404-01-31")):
        found = datetime.combine(day(plain, style, field=field), datetime.min.time())
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(style.time_zone))).astimezone(UTC)


def day(text: str, style: Style, *, field: str) -> date:
    """A date of the common or the Persian calendar. Raises ValidationFailed, also for one that could mean two days."""
    plain = digits(text).strip()
    try:
        return _day(plain, style, field)
    except ValueError:
        raise ValidationFailed(f"{field} '{text[:40]}' is not a date; write it as 2026-03-21.", path=(field,)) from None


def _day(text: str, style: Style, field: str) -> date:
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


def decimal(text: str, style: Style, *, field: str) -> Decimal:
    """A number, with or without marks between thousands. Raises ValidationFailed."""
    plain = digits(text).translate(_SEPARATORS)
    plain = plain.strip().removeprefix("$").removeprefix("€").removeprefix("£").removeprefix("¥")
    grouped = _GROUPED_COMMA if style.decimal_comma else _GROUPED
    if style.decimal_comma:
        plain = plain.replace(".", "").replace(",", ".") if grouped.fullmatch(plain) else plain.replace(",", ".")
    elif grouped.fullmatch(plain):
        plain = plain.replace(",", "")
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", plain):
        hint = " If it has a decimal comma, say so." if re.fullmatch(r"[\d.]+,\d{1,4}", plain) else ""
        raise ValidationFailed(f"{field} '{text[:40]}' is not a number.{hint}", path=(field,))
    return Decimal(plain)


def whole(text: str, style: Style, *, field: str) -> int:
    """A whole number. Raises ValidationFailed."""
    found = decimal(text, style, field=field)
    if found != found.to_integral_value() or abs(found) > 10**12:
        raise ValidationFailed(f"{field} '{text[:40]}' is not a whole number.", path=(field,))
    return int(found)
