"""How the numbers of a chart are written: in its table here, on its axes and tips in the browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from starlette_admin.i18n import get_locale

from admin import formats
from admin.preferences import current

Number = float | Decimal | int | None


@dataclass(frozen=True, slots=True)
class Form:
    """kind: number (large ones shortened on axes), exact, percent (0.2 is 20 %) or money of a currency."""

    kind: str = "number"
    decimals: int = 0
    currency: str | None = None

    def text(self, value: Number) -> str:
        """The number in words of the reader's language and digits."""
        return _WRITERS[self.kind](self, value)

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "decimals": self.decimals, "currency": self.currency}


_WRITERS: dict[str, Callable[[Form, Any], str]] = {
    "number": lambda form, value: formats.number(value, decimals=form.decimals),
    "exact": lambda form, value: formats.number(value, decimals=form.decimals),
    "percent": lambda form, value: formats.percent(value, decimals=form.decimals),
    "money": lambda form, value: formats.money(value, form.currency),
}


def number(decimals: int = 0) -> Form:
    return Form("number", decimals)


def exact(decimals: int = 0) -> Form:
    return Form("exact", decimals)


def percent(decimals: int = 0) -> Form:
    return Form("percent", decimals)


def money(currency: str) -> Form:
    return Form("money", 0, currency)


def locale() -> str:
    """The reader's language and digits, as the browser names them."""
    return f"{get_locale()}-u-nu-{'arabext' if current().persian_digits else 'latn'}"
