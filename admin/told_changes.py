"""The fields of a change in words, as histories and the audit trail show them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from babel import Locale
from starlette_admin.i18n import get_locale
from starlette_admin.i18n import gettext as _

from admin import formats, words
from admin.readable import readable

_SILENT = frozenset(
    {"id", "customer_id", "normalized", "token_hash", "secret_salt", "previous_salt", "evaluated_version", "actor_id"}
)
"""Fields that say nothing to a person, or that another field says better."""
_HELD_BACK = "…"
_NOTHING: tuple[Any, ...] = (None, "", {}, [])


class Line(NamedTuple):
    """One field: what it is called, what it was (None: it was not there), what it became."""

    label: str
    before: str | None
    after: str


def lines(changes: dict[str, Any]) -> list[Line]:
    """Each field of a change that says something; fields of something new that were left empty do not."""
    hidden = _SILENT | ({"rule"} if "rule_text" in changes else set())
    told = ((name, *_pair(value)) for name, value in changes.items() if name not in hidden)
    return [_line(name, old, new) for name, old, new in told if not (old in _NOTHING and new in _NOTHING)]


def _pair(value: Any) -> tuple[Any, Any]:
    """[before, after]; an action that only notes figures has no before."""
    return (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (None, value)


def _line(name: str, old: Any, new: Any) -> Line:
    if new == _HELD_BACK:
        return Line(words.label("password") if name == "password_hash" else words.label(name), None, _("changed"))
    return Line(words.label(name), None if old is None else said(name, old), said(name, new))


def said(name: str, value: Any) -> str:
    """A field's value: codes by their names, exact numbers as numbers, everything else as `readable` says it."""
    if not isinstance(value, str) or not value:
        return readable(value)
    reader = _READERS.get(name)
    return reader(value) if reader else readable(value)


def _exact(text: str) -> str:
    try:
        return formats.exact(Decimal(text))
    except InvalidOperation:
        return text


def _as_of(text: str) -> str:
    try:
        return formats.as_of(datetime.fromisoformat(text))
    except ValueError:
        return text


def _language(code: str) -> str:
    return str(Locale.parse(get_locale()).languages.get(code, code))


def _country(code: str) -> str:
    return str(Locale.parse(get_locale()).territories.get(code, code))


_EXACT = (
    "amount",
    "base_amount",
    "list_amount",
    "refunded",
    "cost",
    "cost_of_goods",
    "unit_cost",
    "list_price",
    "exchange_rate",
    "rate",
    "rating",
    "target",
    "baseline",
)
_READERS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(_EXACT, _exact),
    "as_of": _as_of,
    "locale": _language,
    "language": _language,
    "country": _country,
    "name": words.name,
    "kind": lambda text: words.value(text.upper()),
}
