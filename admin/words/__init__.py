"""What the panel calls fields and the values of enums, in the reader's language; the tables here hold it by subject."""

from __future__ import annotations

from enum import Enum
from typing import Any, cast

from babel.support import LazyProxy
from starlette_admin.i18n import gettext

from admin.words import (
    contact,
    customers,
    figures,
    goals,
    records,
    sales,
    segments,
    settings,
    shared,
    stages,
    webhooks,
)

# A key stands in one table only: a test holds it.
LABELS: dict[str, str] = {
    **shared.LABELS,
    **customers.LABELS,
    **sales.LABELS,
    **contact.LABELS,
    **segments.LABELS,
    **stages.LABELS,
    **figures.LABELS,
    **goals.LABELS,
    **records.LABELS,
    **settings.LABELS,
    **webhooks.LABELS,
}
"""Field → its label, in English."""

VALUES: dict[str, str] = {
    **shared.VALUES,
    **customers.VALUES,
    **sales.VALUES,
    **contact.VALUES,
    **segments.VALUES,
    **stages.VALUES,
    **figures.VALUES,
    **goals.VALUES,
    **settings.VALUES,
    **webhooks.VALUES,
}
"""An enum's value → what it is called, in English."""


class Label(LazyProxy):
    """A text that is translated when it is read; imports look columns up by it."""

    def __hash__(self) -> int:
        return hash(self.value)


def label(name: str) -> str:
    """The label of a field in the reader's language."""
    return cast("str", Label(gettext, _known(name), enable_cache=False))


def _known(name: str) -> str:
    plain = name.removesuffix("_id")
    return LABELS.get(name) or LABELS.get(plain) or plain.replace("_", " ").capitalize()


def value(member: Any) -> str:
    """An enum's value in the reader's language."""
    plain = _plain(member)
    return gettext(VALUES.get(plain, plain.replace("_", " ").capitalize()))


def inverse(kind: Any) -> str:
    """What a relationship is called from its other end."""
    plain = _plain(kind)
    return gettext(customers.INVERSE[plain]) if plain in customers.INVERSE else value(plain)


def _plain(member: Any) -> str:
    return str(member.value if isinstance(member, Enum) else member)


def name(text: str) -> str:
    """What the data calls something, in the reader's language where the product itself named it."""
    return gettext(text) if text else text


def listed(parts: list[str]) -> str:
    """Several things in one line."""
    return gettext(", ").join(parts)


def options(enum: type[Enum]) -> list[tuple[str, str]]:
    """The values of an enum with what they are called, to choose from."""
    return [(str(member.value), value(member)) for member in enum]


def yes_or_no(truth: bool) -> str:
    return gettext("Yes") if truth else gettext("No")
