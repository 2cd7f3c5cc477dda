"""Fields of numbers: whole ones, exact ones, money, shares."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from starlette.requests import Request
from starlette_admin import DecimalField, IntegerField, RequestAction, StringField
from starlette_admin.i18n import gettext as _

from admin import formats
from admin.fields import narrowing
from admin.fields.typed import Readable


@dataclass
class Whole(Readable, IntegerField):
    """A whole number; Persian and Arabic digits are read too."""

    numeric: ClassVar[bool] = True

    def read(self, text: str) -> int:
        return int(text)

    def complaint(self) -> str:
        return _("Type a whole number, such as 12.")

    async def serialize_value(self, request: Request, value: Any) -> Any:
        return str(value) if request.state.action.is_form() else formats.number(value)


@dataclass
class Amount(Readable, DecimalField):
    """An exact number; with `currency_from` naming the field of its currency, an amount of money."""

    numeric: ClassVar[bool] = True

    currency_from: str | None = None
    decimals: int = 2

    def read(self, text: str) -> Decimal:
        return _exact(text.replace(",", ""))

    def complaint(self) -> str:
        return _("Type a number, such as 12.50.")

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        value = await super().parse_obj(request, obj)
        if value is None or request.state.action.is_form() or request.state.action == RequestAction.EXPORT:
            return value
        code = getattr(obj, self.currency_from, None) if self.currency_from else None
        return formats.money(value, code) if code else formats.exact(value)

    async def serialize_value(self, request: Request, value: Any) -> Any:
        if isinstance(value, Decimal):
            return format(value.normalize() if value else Decimal(0), "f")
        return str(value)


@dataclass
class Ratio(Readable, StringField):
    """A share between 0 and 1, shown as a percentage, and filtered by either."""

    numeric: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.filters = narrowing.SHARE if self.filters is None else self.filters

    def read(self, text: str) -> Decimal:
        plain = text.removesuffix("%").removesuffix("٪")
        return _exact(plain.strip()) / (1 if plain == text else 100)

    def complaint(self) -> str:
        return _("Type a share, such as 0.25 or 25%.")

    async def serialize_value(self, request: Request, value: Any) -> Any:
        return formats.percent(float(value), decimals=1)


def _exact(text: str) -> Decimal:
    """The number as it is written, with Persian separators too; ValueError for what is no finite number."""
    found = Decimal(text.replace("٬", "").replace("٫", "."))
    if not found.is_finite():
        raise ValueError(text)
    return found
