"""Windows mean what people mean: calendar units in their zone, ends where they belong."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from crm.rules.text import parse
from crm.rules.tree import Compare
from crm.rules.windows import Moment, Unit, Window, anniversaries, bounds, day_bounds, moment

NOW = datetime(2026, 3, 31, 22, 30, tzinfo=UTC)


def window(text: str) -> Window:
    tree = parse(f"a within {text}")
    assert isinstance(tree, Compare)
    assert isinstance(tree.value, Window)
    return tree.value


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("last 90 days", "2025-12-31T22:30:00+00:00", "2026-03-31T22:30:00.000001+00:00"),
        ("last 2 whole days", "2026-03-29T00:00:00+00:00", "2026-03-31T00:00:00+00:00"),
        ('last 2 whole days in "Asia/Tehran"', "2026-03-29T20:30:00+00:00", "2026-03-31T20:30:00+00:00"),
        ("last 1 month", "2026-02-28T22:30:00+00:00", "2026-03-31T22:30:00.000001+00:00"),
        ("this month", "2026-03-01T00:00:00+00:00", "2026-04-01T00:00:00+00:00"),
        ('this month in "Asia/Shanghai"', "2026-03-31T16:00:00+00:00", "2026-04-30T16:00:00+00:00"),
        ("previous quarter", "2025-10-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00"),
        ("this week", "2026-03-30T00:00:00+00:00", "2026-04-06T00:00:00+00:00"),
        ("next 2 whole weeks", "2026-04-06T00:00:00+00:00", "2026-04-20T00:00:00+00:00"),
        ("last 3 hours", "2026-03-31T19:30:00+00:00", "2026-03-31T22:30:00.000001+00:00"),
        ('last 3 days in "Europe/Berlin"', "2026-03-28T23:30:00+00:00", "2026-03-31T22:30:00.000001+00:00"),
        ("from 2026-01-01 to 2026-02-01", "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"),
    ],
)
def test_a_window_reaches_from_its_start_to_its_end(text: str, start: str, end: str) -> None:
    found = bounds(window(text), NOW, "UTC")
    assert [side.isoformat() if side else None for side in found] == [start, end]


def test_an_open_window_has_no_end() -> None:
    assert bounds(window("from 2026-01-01"), NOW, "UTC")[1] is None


def test_days_are_those_of_the_zone() -> None:
    assert day_bounds(window("this month"), NOW, "Asia/Shanghai") == (date(2026, 4, 1), date(2026, 4, 30))


def test_those_born_on_29_february_celebrate_on_the_28th() -> None:
    assert anniversaries(window("from 2027-02-27 to 2027-03-02"), NOW, "UTC") == [227, 228, 229, 301]


def test_a_whole_moment_is_the_start_of_its_day() -> None:
    assert moment(Moment(-1, Unit.DAY, whole=True), NOW, "UTC") == datetime(2026, 3, 30, tzinfo=UTC)
