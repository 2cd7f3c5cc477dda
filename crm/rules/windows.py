"""Relative and absolute time in rules: windows, moments and spans, and what they mean at a given now."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

MAX_DAYS = 36_525
"""A hundred years: no window, moment or span reaches further."""

TICK = timedelta(microseconds=1)


class Unit(StrEnum):
    MINUTE = "MINUTE"
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


UNIT_SECONDS: dict[Unit, int] = {
    Unit.MINUTE: 60,
    Unit.HOUR: 3_600,
    Unit.DAY: 86_400,
    Unit.WEEK: 7 * 86_400,
    Unit.MONTH: 30 * 86_400,
    Unit.QUARTER: 91 * 86_400,
    Unit.YEAR: 365 * 86_400,
}
"""Length of a unit as a duration; on the calendar months, quarters and years are as long as they are."""

UNIT_MONTHS = {Unit.MONTH: 1, Unit.QUARTER: 3, Unit.YEAR: 12}
CALENDAR_UNITS = (Unit.DAY, Unit.WEEK, Unit.MONTH, Unit.QUARTER, Unit.YEAR)


class Direction(StrEnum):
    LAST = "last"
    NEXT = "next"
    THIS = "this"
    PREVIOUS = "previous"
    BETWEEN = "from"


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time: relative to now, a calendar unit, or between two given times.

    `last 90 days` reaches from now − 90 days to now, both included; `whole` counts full calendar units and leaves
    the current one out. `this` and `previous` name the calendar unit around now and the one before.
    `start` and `end` are ISO dates or times (start included, end not); a missing side is open.
    `zone` is an IANA name; without one the zone of the evaluation holds.
    """

    direction: Direction
    count: int = 1
    unit: Unit = Unit.DAY
    whole: bool = False
    zone: str | None = None
    start: str | None = None
    end: str | None = None

    @property
    def relative(self) -> bool:
        return self.direction is not Direction.BETWEEN


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time `count` units from now: negative before, positive after; `whole` takes that day's start."""

    count: int
    unit: Unit = Unit.DAY
    whole: bool = False
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A duration, as in `time in stage >= 30 days`."""

    count: int
    unit: Unit = Unit.DAY

    @property
    def seconds(self) -> int:
        return self.count * UNIT_SECONDS[self.unit]


def fault(count: int, unit: Unit, *, least: int = 1) -> str | None:
    """What is wrong with a number of units, or None."""
    if count < least:
        return f"{count} is too few; at least {least} {unit.lower()} is needed."
    if count * UNIT_SECONDS[unit] > MAX_DAYS * 86_400:
        return f"{count} {unit.lower()}s is too far; rules reach at most 100 years ({MAX_DAYS} days)."
    return None


@lru_cache(maxsize=512)
def find_zone(name: str) -> ZoneInfo | None:
    """The IANA zone of that name, or None."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return None


def shift(local: datetime, count: int, unit: Unit) -> datetime:
    """Move by calendar: wall time is kept, and a month's end stays a month's end."""
    if unit in UNIT_MONTHS:
        months = local.year * 12 + local.month - 1 + count * UNIT_MONTHS[unit]
        year, month = divmod(months, 12)
        day = min(local.day, calendar.monthrange(year, month + 1)[1])
        return local.replace(year=year, month=month + 1, day=day)
    if unit in (Unit.MINUTE, Unit.HOUR):
        step = timedelta(seconds=count * UNIT_SECONDS[unit])
        return (local.astimezone(UTC) + step).astimezone(local.tzinfo)
    return local + timedelta(days=count * (7 if unit is Unit.WEEK else 1))


def unit_start(local: datetime, unit: Unit) -> datetime:
    """The beginning of the calendar unit around a local time; weeks begin on Monday."""
    if unit in (Unit.MINUTE, Unit.HOUR):
        return local.replace(minute=local.minute if unit is Unit.MINUTE else 0, second=0, microsecond=0)
    day = datetime.combine(local.date(), time(), tzinfo=local.tzinfo)
    if unit is Unit.WEEK:
        return day - timedelta(days=day.weekday())
    if unit is Unit.MONTH:
        return day.replace(day=1)
    if unit is Unit.QUARTER:
        return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    return day.replace(month=1, day=1) if unit is Unit.YEAR else day


def read_time(text: str, zone: ZoneInfo) -> datetime | None:
    """An ISO date (its start in `zone`) or time (with offset, or in `zone`) as UTC; None when it is neither, and in the
    first and last year of the calendar, next to which there are no times to compare with."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not 1 < found.year < 9999:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)


def _relative(window: Window, local: datetime) -> tuple[datetime, datetime]:
    """Local bounds of a relative window, start included and end not."""
    here = unit_start(local, window.unit) if window.whole or window.direction is not Direction.LAST else local
    match window.direction:
        case Direction.THIS:
            return here, shift(here, 1, window.unit)
        case Direction.PREVIOUS:
            return shift(here, -1, window.unit), here
        case Direction.LAST:
            return shift(here, -window.count, window.unit), here if window.whole else here + TICK
        case _:
            begin = shift(here, 1, window.unit) if window.whole else local
            return begin, shift(begin, window.count, window.unit) + (timedelta() if window.whole else TICK)


def bounds(window: Window, now: datetime, zone: str) -> tuple[datetime | None, datetime | None]:
    """Start (included) and end (excluded) of a window in UTC; None is an open side.

    `now` carries a zone; `zone` holds where the window names none. Names and dates are checked beforehand.
    """
    place = ZoneInfo(window.zone or zone)
    if window.direction is Direction.BETWEEN:
        start = read_time(window.start, place) if window.start else None
        return start, read_time(window.end, place) if window.end else None
    first, last = _relative(window, now.astimezone(place))
    return first.astimezone(UTC), last.astimezone(UTC)


def day_bounds(window: Window, now: datetime, zone: str) -> tuple[date | None, date | None]:
    """First and last day (both included) of a window on the calendar of its zone."""
    start, end = bounds(window, now, zone)
    place = ZoneInfo(window.zone or zone)
    first = start.astimezone(place).date() if start else None
    return first, (end - TICK).astimezone(place).date() if end else None


def moment(point: Moment, now: datetime, zone: str) -> datetime:
    """The UTC time of a moment."""
    local = shift(now.astimezone(ZoneInfo(point.zone or zone)), point.count, point.unit)
    return (unit_start(local, Unit.DAY) if point.whole else local).astimezone(UTC)


def anniversaries(window: Window, now: datetime, zone: str) -> list[int]:
    """Month and day (month × 100 + day) of every day in a window, at most a year of them.

    Those born on 29 February celebrate on the 28th in years without it.
    """
    first, last = day_bounds(window, now, zone)
    assert first is not None
    assert last is not None
    days = [first + timedelta(days=step) for step in range(min((last - first).days, 366) + 1)]
    marks = {day.month * 100 + day.day for day in days}
    if any(day.month == 2 and day.day == 28 and not calendar.isleap(day.year) for day in days):
        marks.add(229)
    return sorted(marks)
