"""The panel's languages: its own catalogues laid over those of starlette-admin."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from starlette_admin import i18n

LANGUAGES = ("en", "fa", "zh")
LOCALES = Path(__file__).parent / "locales"
RIGHT_TO_LEFT = frozenset({"fa"})


def catalogue(language: str) -> Catalog:
    """The messages of a language as its .po file holds them."""
    with (LOCALES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


@cache
def install() -> None:
    """Teach starlette-admin our words and Persian, which it does not speak, once a process.

    The .po files are read as they are, so that no compiled file can fall behind its source.
    """
    for language in LANGUAGES[1:]:
        if language not in i18n.SUPPORTED_LOCALES:
            i18n.SUPPORTED_LOCALES.append(language)
        i18n.translations[language] = _over(i18n.translations.get(language), catalogue(language))


def _over(below: NullTranslations | None, ours: Catalog) -> Translations:
    compiled = BytesIO()
    write_mo(compiled, ours)
    compiled.seek(0)
    found = Translations(fp=compiled, domain="admin")
    if isinstance(below, Translations):
        below.merge(found)
        return below
    return found
