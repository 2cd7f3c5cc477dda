"""Exact amounts and what they are in the base currency."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from crm.database import fetch_value
from crm.errors import ValidationFailed

PLACES = Decimal("0.0001")
RATE_PLACES = Decimal("0.0000000001")
LIMIT = Decimal(10) ** 14
"""What an amount stays below, so that sums of days can be counted in ten-thousandths in 64 bits."""

_RATE = "SELECT rate FROM exchange_rate WHERE currency = $1 AND day <= $2 ORDER BY day DESC LIMIT 1"


def amount(value: Decimal | str | int, *, field: str, signed: bool = False) -> Decimal:
    """A finite amount with at most four decimal places.

    Raises ValidationFailed for what is no number, negative (unless `signed`), too precise or from `LIMIT` on.
    """
    try:
        exact = Decimal(str(value).strip())
    except InvalidOperation:
        raise ValidationFailed(f"{field} '{str(value)[:40]}' is not a decimal number.", path=(field,)) from None
    if not exact.is_finite():
        raise ValidationFailed(f"{field} '{value}' is not a finite number.", path=(field,))
    if exact < 0 and not signed:
        raise ValidationFailed(f"{field} is {exact}; it must not be negative.", path=(field,))
    if abs(exact) >= LIMIT:
        raise ValidationFailed(f"{field} {exact} is too large; it must stay below {LIMIT:,}.", path=(field,))
    if exact != exact.quantize(PLACES):
        raise ValidationFailed(f"{field} {exact} has more than four decimal places; round it.", path=(field,))
    return exact


async def exchange_rate(currency: str, base: str, day: date, given: Decimal | None = None) -> Decimal:
    """How much of `base` one unit of `currency` was worth on `day`.

    Raises ValidationFailed when no rate is given and none is on record.
    """
    if currency == base:
        return Decimal(1)
    if given is not None:
        return positive_rate(given)
    known: Decimal | None = await fetch_value(_RATE, currency, day)
    if known is None:
        raise ValidationFailed(
            f"There is no exchange rate from {currency} to {base} on or before {day}; send `exchangeRate`, or record "
            "the rate first.",
            path=("exchangeRate",),
        )
    return known


def positive_rate(value: Decimal) -> Decimal:
    """A rate that can be kept: above 0 at ten decimal places, below 10^9."""
    if not value.is_finite() or value >= Decimal(10) ** 9 or value.quantize(RATE_PLACES) <= 0:
        raise ValidationFailed(
            f"exchangeRate {value} must be above 0 at ten decimal places, and below 10^9.", path=("exchangeRate",)
        )
    return value.quantize(RATE_PLACES)


def in_base(value: Decimal, rate: Decimal) -> Decimal:
    """The amount in the base currency. Raises ValidationFailed when that is too large to keep."""
    exact = value * rate
    if exact >= LIMIT:
        raise ValidationFailed(
            f"{value} at the exchange rate {rate} is too large; it must stay below {LIMIT:,} in the base currency.",
            path=("exchangeRate",),
        )
    return exact.quantize(PLACES, ROUND_HALF_EVEN)
