"""What stands in a cell, read as a number or an amount of money; what could mean two currencies is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from crm.errors import ValidationFailed
from crm.imports.style import Style, digits

_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?")
_GROUPED_COMMA = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")
_SEPARATORS = str.maketrans(
    {"٬": ",", "٫": ".", "،": ",", "\u00a0": None, "\u202f": None, " ": None, "’": None, "'": None, "−": "-"}
)
_MONEY = re.compile(
    r"(?P<open>\()?(?P<sign>[+-]?)(?P<before>[^\d.,()+-]*)(?P<inner>[+-]?)(?P<number>[\d.,]+)(?P<after>[^\d.,()+-]*)"
    r"(?P<last>-?)(?P<close>\))?"
)

_DOLLARS = frozenset(("USD", "AUD", "CAD", "HKD", "MXN", "NZD", "SGD", "TWD", "ARS", "BBD", "BSD", "CLP", "COP", "FJD",
                      "JMD", "LRD", "NAD", "TTD", "XCD"))  # fmt: skip
_RIALS = frozenset(("IRR", "OMR", "QAR", "SAR", "YER"))
MARKS: dict[str, frozenset[str]] = {
    "$": _DOLLARS,
    "us$": frozenset({"USD"}),
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP", "EGP", "LBP", "SYP", "SDG"}),
    "¥": frozenset({"CNY", "JPY"}),
    "￥": frozenset({"CNY", "JPY"}),
    "元": frozenset({"CNY"}),
    "圆": frozenset({"CNY"}),
    "rmb": frozenset({"CNY"}),
    "円": frozenset({"JPY"}),
    "₹": frozenset({"INR"}),
    "₺": frozenset({"TRY"}),
    "₽": frozenset({"RUB"}),
    "₩": frozenset({"KRW"}),
    "﷼": _RIALS,
    "ریال": _RIALS,
    "ريال": _RIALS,
    "kr": frozenset({"DKK", "ISK", "NOK", "SEK"}),
}
"""What stands beside an amount → the currencies that it can mean."""
_TOMAN = frozenset({"تومان", "تومن", "toman"})


def decimal(text: str, style: Style, *, field: str) -> Decimal:
    """A number, with or without marks between thousands. Raises ValidationFailed."""
    plain = digits(text).translate(_SEPARATORS)
    plain = plain.strip().removeprefix("$").removeprefix("€").removeprefix("£").removeprefix("¥")
    grouped = _GROUPED_COMMA if style.decimal_comma else _GROUPED
    if style.decimal_comma:
        plain = plain.replace(".", "").replace(",", ".") if grouped.fullmatch(plain) else plain.replace(",", ".")
    elif grouped.fullmatch(plain):
        plain = plain.replace(",", "")
    if not _NUMBER.fullmatch(plain):
        hint = " If it has a decimal comma, say so." if re.fullmatch(r"[\d.]+,\d{1,4}", plain) else ""
        raise ValidationFailed(f"{field} '{text[:40]}' is not a number.{hint}", path=(field,))
    return Decimal(plain)


def whole(text: str, style: Style, *, field: str) -> int:
    """A whole number. Raises ValidationFailed."""
    found = decimal(text, style, field=field)
    if found != found.to_integral_value() or abs(found) > 10**12:
        raise ValidationFailed(f"{field} '{text[:40]}' is not a whole number.", path=(field,))
    return int(found)


def amount(text: str, style: Style, *, field: str) -> Decimal:
    """An amount of money, whatever currency it names; in brackets or with a sign behind it is negative.

    Raises ValidationFailed.
    """
    parts = _MONEY.fullmatch(digits(text).translate(_SEPARATORS))
    if parts is None or bool(parts["open"]) != bool(parts["close"]):
        return decimal(text, style, field=field)
    marks = [mark for mark in (parts["before"], parts["after"]) if mark]
    if any(mark.casefold() in _TOMAN for mark in marks):
        raise ValidationFailed(f"{field} '{text[:40]}' is in toman; write it in rials, ten for each.", path=(field,))
    if len(marks) > 1 or any(not _currencies(mark) for mark in marks):
        return decimal(text, style, field=field)
    found = decimal(parts["number"], style, field=field)
    minus = bool(parts["open"]) or "-" in (parts["sign"], parts["inner"], parts["last"])
    return -found if minus else found


def currency_in(cells: Iterable[str], said: str, base: str, *, field: str) -> str | None:
    """The currency that marks beside amounts name, unless `said` names it or it is the base currency anyway.

    Raises ValidationFailed when a mark contradicts the currency that is said, or can mean several.
    """
    for cell in cells:
        mark = _mark(cell)
        meant = _currencies(mark) if mark else frozenset()
        if not meant or (said or base) in meant:
            continue
        if said:
            raise ValidationFailed(f"{field} '{cell[:40]}' is not in {said}, as the row says.", path=(field,))
        if len(meant) > 1:
            raise ValidationFailed(
                f"{field} '{cell[:40]}' could be {' or '.join(sorted(meant)[:3])}; add a column with the currency.",
                path=(field,),
            )
        return next(iter(meant))
    return None


def _mark(cell: str) -> str:
    if cell.isascii() and not (cell[:1].isalpha() or cell[-1:].isalpha() or "$" in cell):
        return ""
    parts = _MONEY.fullmatch(digits(cell).translate(_SEPARATORS))
    return (parts["before"] or parts["after"]) if parts else ""


def _currencies(mark: str) -> frozenset[str]:
    known = MARKS.get(mark.casefold())
    return known or (frozenset({mark.upper()}) if mark.isascii() and mark.isalpha() and len(mark) == 3 else frozenset())
