"""Cells are read as people write them; what could mean two things is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crm.errors import ValidationFailed
from crm.imports.dates import day, moment
from crm.imports.style import Style
from crm.imports.values import amount, currency_in, decimal, whole

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
        ("21 March 2026", Style(), date(2026, 3, 21)),
        ("Mar 21, 2026", Style(), date(2026, 3, 21)),
        ("21st mar. 2026", Style(), date(2026, 3, 21)),
        ("۱ فروردین ۱۴۰۵", Style(), date(2026, 3, 21)),
        ("1 فروردين 1405", Style(), date(2026, 3, 21)),
    ],
)
def test_dates(text: str, style: Style, found: date) -> None:
    assert day(text, style, field="placedAt") == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("04/03/2026", "two days"),
        ("2026-02-30", "not a date"),
        ("soon", "not a date"),
        ("31/31/2026", "not a date"),
        ("1 فروردین 2026", "not a date"),
        ("1 March 1405", "not a date"),
        ("46102", "count of days"),
    ],
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
        ("1405-01-01 10:30", datetime(2026, 3, 21, 7, 0, tzinfo=UTC)),
        ("1405/1/1، 10:30", datetime(2026, 3, 21, 7, 0, tzinfo=UTC)),
        ("2026/3/21 10:30", datetime(2026, 3, 21, 7, 0, tzinfo=UTC)),
        ("21.03.2026 10:30:15", datetime(2026, 3, 21, 7, 0, 15, tzinfo=UTC)),
        ("2026-03-21 10:30:00 +0330", datetime(2026, 3, 21, 7, 0, tzinfo=UTC)),
        ("2026-03-21 10:30:00 UTC", datetime(2026, 3, 21, 10, 30, tzinfo=UTC)),
        ("3/21/2026 12:05 AM", datetime(2026, 3, 20, 20, 35, tzinfo=UTC)),
        ("Mar 21, 2026, 1:05 pm", datetime(2026, 3, 21, 9, 35, tzinfo=UTC)),
    ],
)
def test_times_are_those_of_the_files_clock(text: str, found: datetime) -> None:
    assert moment(text, Style(time_zone="Asia/Tehran"), field="placedAt") == found


@pytest.mark.parametrize("text", ["2026-03-21 25:00", "3/21/2026 13:05 PM", "2026-03-21 10:61"])
def test_what_is_no_time_of_a_day_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed, match="not a date"):
        moment(text, Style(), field="placedAt")


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


@pytest.mark.parametrize(
    ("text", "found", "currency"),
    [
        ("12.50", "12.50", None),
        ("$ 12.50", "12.50", None),
        ("12.50 $", "12.50", None),
        ("12.50 usd", "12.50", None),
        ("€12.50", "12.50", "EUR"),
        ("1,234.50 EUR", "1234.50", "EUR"),
        ("CHF 12", "12", "CHF"),
        ("۱۲٫۵ €", "12.5", "EUR"),
        ("(12.50)", "-12.50", None),
        ("-$5", "-5", None),
        ("$-5", "-5", None),
        ("12.50-", "-12.50", None),
    ],
)
def test_amounts_tell_their_currency(text: str, found: str, currency: str | None) -> None:
    assert amount(text, Style(), field="amount") == Decimal(found)
    assert currency_in([text], "", "USD", field="amount") == currency


@pytest.mark.parametrize(
    ("text", "said", "base", "why"),
    [
        ("€12", "USD", "USD", "not in USD"),
        ("$12", "", "EUR", "could be ARS or AUD"),
        ("¥12", "", "USD", "could be CNY or JPY"),
        ("۱۲ ریال", "", "USD", "could be IRR"),
    ],
)
def test_a_mark_that_contradicts_or_means_several_currencies_is_refused(
    text: str, said: str, base: str, why: str
) -> None:
    with pytest.raises(ValidationFailed, match=why):
        currency_in([text], said, base, field="amount")


@pytest.mark.parametrize(("text", "said", "base"), [("$12", "CAD", "EUR"), ("¥12", "", "CNY"), ("۱۲ ریال", "", "IRR")])
def test_a_mark_that_fits_what_is_said_or_usual_changes_nothing(text: str, said: str, base: str) -> None:
    assert currency_in([text], said, base, field="amount") is None


@pytest.mark.parametrize(
    ("text", "why"), [("12 تومان", "toman"), ("12 pieces", "not a number"), ("(12", "not a number")]
)
def test_what_is_no_amount_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValidationFailed, match=why):
        amount(text, Style(), field="amount")
