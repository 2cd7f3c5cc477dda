"""Fields of text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette_admin import RequestAction, StringField, TextAreaField

from admin import words
from admin.fields.typed import Readable


@dataclass
class Text(Readable, StringField):
    """A line of text; `told` says it as the reader reads it."""

    told: Callable[[str], str] | None = None

    async def serialize_value(self, request: Request, value: Any) -> Any:
        if self.told and request.state.action in (RequestAction.LIST, RequestAction.DETAIL):
            return self.told(str(value))
        return await super().serialize_value(request, value)


@dataclass
class Key(Text):
    """The key of a segment, lifecycle or stage, offered by name while one types."""

    noun: str = ""
    form_template: str = "fields/key_form.html"


def _word(value: str) -> str:
    return words.value(value.upper())


@dataclass
class Worded(Text):
    """A word of the product that is stored as text, such as a group's key."""

    told: Callable[[str], str] | None = _word


@dataclass
class Named(Text):
    """A name that the product itself may have given: then it reads in the reader's language, stored as it is."""

    told: Callable[[str], str] | None = words.name


@dataclass
class LongText(Readable, TextAreaField):
    """Several lines of text."""

    rows: int = 4
