"""Fields that keep what was typed: text that cannot be read stays in the form, with the reason beside it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import InvalidOperation
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette_admin.i18n import gettext as _


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Typed text that is no value of the field."""

    text: str
    reason: str

    def __str__(self) -> str:
        return self.text


class Typed:
    """What a field shows in a form, and what was typed into it, in one comparable form."""

    id: str

    def typed(self, form: FormData) -> Any:
        return _plain(form.get(self.id) or "")

    def shown(self, serialized: Any) -> Any:
        return "" if serialized is None else _plain(serialized)


def _plain(value: Any) -> str:
    """As a browser and the database agree on it: lines end in one character, and nothing stands around the text."""
    return str(value).replace("\r\n", "\n").strip()


class Readable(Typed):
    """Parses by `read`, which raises ValueError for text that it cannot read."""

    def read(self, text: str) -> Any:
        return text

    def complaint(self) -> str:
        return _("This cannot be read.")

    async def parse_form_data(self, request: Request, form_data: FormData) -> Any:
        return self._parse(self.typed(form_data))

    async def parse_import_value(self, request: Request, value: Any) -> Any:
        return self._parse(str("" if value is None else value).strip())

    def _parse(self, text: str) -> Any:
        if not text:
            return None
        try:
            return self.read(text)
        except UNREADABLE:
            return Unreadable(text, self.complaint())

    async def validate(self, request: Request, value: Any, form_values: dict[str, Any]) -> None:
        if isinstance(value, Unreadable):
            raise ValueError(value.reason)
        await super().validate(request, value, form_values)  # type: ignore[misc]


UNREADABLE = (ValueError, InvalidOperation, OverflowError)
"""What `read` raises for text that is no value: OverflowError for days that no calendar has."""
