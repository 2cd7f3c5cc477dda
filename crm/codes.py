"""The standard codes that fields accept: countries, currencies, languages, time zones."""

from __future__ import annotations

import difflib
from functools import cache
from zoneinfo import available_timezones

from babel import Locale
from babel.numbers import list_currencies

from crm.errors import ValidationFailed

# CLDR lists regions and test codes among the territories.
_NOT_COUNTRIES = frozenset({"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"})


@cache
def countries() -> frozenset[str]:
    """ISO 3166-1 alpha-2 codes."""
    codes = frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())
    return codes - _NOT_COUNTRIES


_USUAL = {
    "uk": "GB", "england": "GB", "great britain": "GB", "usa": "US", "america": "US", "united states of america": "US",
    "uae": "AE", "korea": "KR", "turkey": "TR", "czech republic": "CZ", "holland": "NL", "russian federation": "RU",
    "viet nam": "VN", "islamic republic of iran": "IR", "iran, islamic republic of": "IR", "pr china": "CN",
}  # fmt: skip


@cache
def _called() -> dict[str, str]:
    """Names of countries in the languages of the panel → their codes."""
    names = {
        str(name).casefold(): str(code)
        for language in ("zh", "fa", "en")
        for code, name in Locale(language).territories.items()
        if code in countries()
    }
    return names | _USUAL


def country_called(name: str) -> str | None:
    """The code of a country by its name in English, Persian or Chinese."""
    return _called().get(name.strip().casefold())


@cache
def _languages_called() -> dict[str, str]:
    """Names of languages in the languages of the panel → their codes."""
    names = {
        str(name).casefold(): str(code)
        for language in ("zh", "fa", "en")
        for code, name in Locale(language).languages.items()
        if code in languages()
    }
    return {name: code for name, code in names.items() if name not in languages()}


def language_called(name: str) -> str | None:
    """The code of a language by its name in English, Persian or Chinese."""
    return _languages_called().get(name.strip().casefold())


@cache
def currencies() -> frozenset[str]:
    """ISO 4217 codes."""
    return frozenset(list_currencies())


@cache
def languages() -> frozenset[str]:
    """ISO 639 codes, two or three letters."""
    return frozenset(code for code in map(str, Locale("en").languages) if code.isalpha())


@cache
def time_zones() -> frozenset[str]:
    """IANA names."""
    return frozenset(available_timezones())


def country(text: str | None, *, field: str = "country") -> str | None:
    return (
        _known(text, text.strip().upper(), countries(), field, "an ISO 3166 country code such as IR") if text else None
    )


def currency(text: str, *, field: str = "currency") -> str:
    return _known(text, text.strip().upper(), currencies(), field, "an ISO 4217 currency code such as EUR")


def language(text: str | None, *, field: str = "language") -> str | None:
    """A language tag; only its first part is checked, so `zh-Hant` and `pt-BR` are fine."""
    if not text:
        return None
    tag = text.strip().replace("_", "-")
    _known(tag, tag.split("-")[0].lower(), languages(), field, "a language code such as fa")
    if len(tag) > 10:
        raise ValidationFailed(f"{field} '{tag[:30]}' is too long for a language tag; use one such as fa or zh-Hant.")
    return tag


def time_zone(text: str | None, *, field: str = "timeZone") -> str | None:
    return _known(text, text.strip(), time_zones(), field, "an IANA time zone such as Asia/Tehran") if text else None


def _known(given: str, code: str, known: frozenset[str], field: str, wanted: str) -> str:
    if code in known:
        return code
    near = difflib.get_close_matches(code, known, n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise ValidationFailed(f"{field} '{given[:40]}' is not known; use {wanted}.{hint}", path=(field,))
