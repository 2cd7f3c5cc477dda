"""Numbers, money and times as the reader reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import jdatetime
from babel import Locale, dates, numbers
from starlette_admin.i18n import get_locale, get_tzinfo
from starlette_admin.i18n import gettext as _

from admin.catalogues import RIGHT_TO_LEFT
from admin.preferences import current

_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")
_LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹٫٬", "0123456789.,")
NOTHING = "–"
_LEADING = "\u200e"
"""Before a sign, so that it stands before its number where lines run from right to left."""

JALALI_MONTHS = {
    "fa": ["فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند"],
    "en": [
        "Farvardin",
        "Ordibehesht",
        "Khordad",
        "Tir",
        "Mordad",
        "Shahrivar",
        "Mehr",
        "Aban",
        "Azar",
        "Dey",
        "Bahman",
        "Esfand",
    ],
}


def digits(text: str) -> str:
    """The same text in the digits that the reader chose."""
    return text.translate(_PERSIAN if current().persian_digits else _LATIN)


def figures(text: str) -> str:
    """A number in the digits that the reader chose, with the separators that go with them."""
    if get_locale() in RIGHT_TO_LEFT:
        text = text.replace("-", f"{_LEADING}−")
    return digits(text.replace(",", "٬").replace(".", "٫").replace("%", "٪") if current().persian_digits else text)


def signed(written: str, value: float | Decimal) -> str:
    """A change, written already, with a plus where it is one."""
    lead = _LEADING if get_locale() in RIGHT_TO_LEFT else ""
    return f"{lead}+{written}" if value > 0 else written


def arrow() -> str:
    """From the first to the second, the way that lines run."""
    return "←" if get_locale() in RIGHT_TO_LEFT else "→"


def isolated(text: str) -> str:
    """A name that may run the other way than the sentence, without drawing a number after it along."""
    return f"\u2068{text}\u2069"


def number(value: float | Decimal | None, *, decimals: int = 0) -> str:
    if value is None:
        return NOTHING
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
    # A list's length is a number that writes itself otherwise, as about so many.
    plain = int(value) if isinstance(value, int) else value
    return figures(numbers.format_decimal(plain, format=pattern, locale=get_locale()))


def exact(value: Decimal | None) -> str:
    """An exact number with the decimals it has, two at least where it is not whole: small rates stay visible."""
    if value is None:
        return NOTHING
    pattern = "#,##0" if value == value.to_integral_value() else "#,##0.00########"
    return figures(numbers.format_decimal(value, format=pattern, locale=get_locale()))


def percent(value: float | None, *, decimals: int = 0) -> str:
    if value is None:
        return NOTHING
    pattern = "#,##0" + ("." + "0" * decimals if decimals else "") + "%"
    rounded = round(value, decimals + 2) or 0.0  # no minus before nothing
    return figures(numbers.format_percent(rounded, format=pattern, locale=get_locale()))


def money(value: Decimal | float | None, code: str | None) -> str:
    """An amount with its currency, as many decimals as the currency has."""
    if value is None:
        return NOTHING
    if code is None:
        return number(value, decimals=2)
    return figures(numbers.format_currency(value, code, locale=get_locale()))


def short_money(value: Decimal | float | None, code: str) -> str:
    """A large amount in few characters: 1.2M."""
    if value is None:
        return NOTHING
    if abs(float(value)) < 100_000:
        whole = Locale.parse(get_locale()).currency_formats["standard"].pattern.replace(".00", "")
        return figures(
            numbers.format_currency(round(float(value)), code, whole, locale=get_locale(), currency_digits=False)
        )
    shortened = numbers.format_compact_currency(value, code, locale=get_locale(), fraction_digits=2)
    return figures(shortened)


def day(value: date | None) -> str:
    """A day; of a point in time, the one that the reader's clock shows."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        value = value.astimezone(get_tzinfo()).date()
    if not current().jalali:
        return digits(dates.format_date(value, "medium", locale=get_locale()))
    found = jdatetime.date.fromgregorian(date=value)
    return digits(f"{found.day} {jalali_months()[found.month - 1]} {found.year}")


def jalali_months() -> list[str]:
    """The months of the solar Hijri calendar, as the reader calls them."""
    return JALALI_MONTHS.get(get_locale(), JALALI_MONTHS["en"])


def moment(value: datetime | None) -> str:
    """A point in time, in the reader's zone and calendar, to the minute."""
    if value is None:
        return NOTHING
    here = value.astimezone(get_tzinfo())
    return f"{day(here.date())}{_(', ')}{digits(here.strftime('%H:%M'))}"


def as_of(value: datetime | None) -> str:
    """The point in time that figures speak of; the end of a day is that day."""
    if value is None or value.astimezone(UTC).time() < time(23, 59, 59):
        return moment(value)
    return day(value.astimezone(UTC).date())


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """How long ago, in the largest unit; beyond a month the day itself."""
    if value is None:
        return NOTHING
    until = now or datetime.now(UTC)
    gone = value - until
    if value < until - timedelta(days=30):
        return day(value.astimezone(get_tzinfo()).date())
    return digits(dates.format_timedelta(gone, add_direction=True, locale=get_locale()))


def span(seconds: float | Decimal | None) -> str:
    """A length of time in its largest unit."""
    if seconds is None:
        return NOTHING
    return digits(dates.format_timedelta(timedelta(seconds=float(seconds)), locale=get_locale()))


def warnings(count: int) -> str:
    """How many warnings there are."""
    return _("1 warning") if count == 1 else _("%(number)s warnings") % {"number": number(count)}


def iso_day(text: str) -> str:
    """A date that is stored as text."""
    try:
        return day(date.fromisoformat(text))
    except ValueError:
        return text
