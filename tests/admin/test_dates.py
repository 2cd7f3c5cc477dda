"""What a form takes for a day: either calendar, any digits, the year first."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from admin import dates


@pytest.mark.parametrize("text", ["2026-03-21", "2026/3/21", "1405/01/01", "۱۴۰۵-۱-۱", "١٤٠٥/١/١", " 20260321 "])
def test_a_day_is_read_in_either_calendar(text: str) -> None:
    assert dates.read_day(text) == date(2026, 3, 21)


@pytest.mark.parametrize("text", ["", "soon", "03/04/2026", "1404/12/30", "2026-02-30"])
def test_what_is_no_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        dates.read_day(text)


@pytest.mark.parametrize("text", ["2026-03-21T09:30", "2026-03-21 09:30:00", "۱۴۰۵/۱/۱، ۰۹:۳۰"])
def test_a_day_and_a_time_are_read_together(text: str) -> None:
    assert dates.read_moment(text) == datetime(2026, 3, 21, 9, 30)  # noqa: DTZ001 - in nobody's zone yet
