"""Closed lists to choose from, in the reader's language, and the boxes that hold them."""

from __future__ import annotations

from babel import Locale
from markupsafe import escape
from starlette.requests import Request
from starlette_admin.contrib.tortoise.filters import (
    IsNotNullFilter,
    IsNullFilter,
    StringEqualFilter,
    StringNotEqualFilter,
)
from starlette_admin.i18n import get_locale

from crm import codes

TEXT_FILTERS = [StringEqualFilter, StringNotEqualFilter, IsNullFilter, IsNotNullFilter]

COMMON_LANGUAGES = (
    "en",
    "fa",
    "zh",
    "ar",
    "de",
    "es",
    "fr",
    "hi",
    "it",
    "ja",
    "ko",
    "nl",
    "pl",
    "pt",
    "ru",
    "tr",
    "uk",
    "ur",
)


def countries(request: Request) -> list[tuple[str, str]]:
    names = Locale.parse(get_locale()).territories
    return sorted(((code, str(names.get(code, code))) for code in codes.countries()), key=lambda pair: pair[1])


def languages(request: Request) -> list[tuple[str, str]]:
    names = Locale.parse(get_locale()).languages
    return [(code, str(names.get(code, code))) for code in COMMON_LANGUAGES]


def currencies(request: Request) -> list[tuple[str, str]]:
    names = Locale.parse(get_locale()).currencies
    return [(code, f"{code} – {names.get(code, code)}") for code in sorted(codes.currencies())]


def time_zones(request: Request) -> list[tuple[str, str]]:
    return [(name, name.replace("_", " ")) for name in sorted(codes.time_zones())]


def select(name: str, label: str, options: list[tuple[str, str]]) -> str:
    """A labelled box, as HTML, for the dialog of an action."""
    entries = "".join(f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in options)
    return (
        f'<form><label class="form-label" for="{escape(name)}">{escape(label)}</label>'
        f'<select class="form-select" id="{escape(name)}" name="{escape(name)}">{entries}</select></form>'
    )
