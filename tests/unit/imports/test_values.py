"""Cells are read as people write them; what could mean two things is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crm.errors import ValidationFailed
from crm.imports.values import Style, day, decimal, moment, whole

DAYS_FIRST, MONTHS_FIRST = Style(date_order="DMY"), Style(date_order="MDY")


@pytest.mark.parametrize(
    ("text", "style", "found"),
    [
        ("2026-03-21", Style(), date(2026, 3, 21)),
        ("20260321", Style(), date(2026, 3, 21)),
        ("2026/3/21", Style(), date(2026, 3, 21)),
        ("2026年3月21日", Style(), date(2026, 3, 21)),
        ("21.03.2026", Style(), date(2026, 3, 21)),
        ("3/21/2026", Style(), date(2026, 3, 21)),
        ("21/3/2026", Style(), date(2026, 3, 21)),
        ("04/03/2026", DAYS_FIRST, date(2026, 3, 4)),
        ("04/03/2026", MONTHS_FIRST, date(2026, 4, 3)),
        ("1405/01/01", Style(), date(2026, 3, 21)),
        ("۱۴۰۵/۰۱/۰۱", Style(), date(2026, 3, 21)),
        ("14050101", Style(), date(2026, 3, 21)),
    ],
)
def test_dates(text: str, style: Style, found: date) -> None:
    assert day(text, style, field="placedAt") == found


@pytest.mark.parametrize(
    ("text", "said"),
    [("04/03/2026", "two days"), ("2026-02-30", "not a date"), ("soon", "not a date"), ("31/31/2026", "not a date")],
)
def test_what_is_no_day_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValidationFailed, match=said) as refused:
        day(text, Style(), field="placedAt")
    assert refused.value.path == ("placedAt",)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-21T10:30:00Z", datetime(2026, 3, 21, 10, 30, tzinfo=UTC)),
        ("2026-03-21 10:30", datetime(2026, 3, 21, 7, 0, tzinfo=UTC)),
        ("2026-03-21", datetime(2026, 3, 20, 20, 30, tzinfo=UTC)),
        ("1405-01-01", datetime(2026, 3, 20, 20, 30, tzinfo=UTC)),
    ],
)
def test_times_are_those_of_the_files_clock(text: str, found: datetime) -> None:
    assert moment(text, Style(time_zone="Asia/Tehran"), field="placedAt") == found


@pytest.mark.parametrize(
    ("text", "style", "found"),
    [
        ("1234.5", Style(), "1234.5"),
        ("1,234,567.50", Style(), "1234567.50"),
        ("$ 12.00", Style(), "12.00"),
        ("۱٬۲۳۴٫۵", Style(), "1234.5"),
        ("1.234,50", Style(decimal_comma=True), "1234.50"),
        ("12,5", Style(decimal_comma=True), "12.5"),
        ("-3", Style(), "-3"),
    ],
)
def test_numbers(text: str, style: Style, found: str) -> None:
    assert decimal(text, style, field="amount") == Decimal(found)


@pytest.mark.parametrize("text", ["12,5", "1.234,50", "twelve", "1e5", "NaN", "", "1 2 x"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed, match="is not a number"):
        decimal(text, Style(), field="amount")


def test_a_part_of_a_piece_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="whole"):
        whole("1.5", Style(), field="quantity")
