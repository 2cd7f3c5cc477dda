"""The panel's own look over starlette-admin's: templates, static files, direction, colours."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette_admin.helpers import static_url
from starlette_admin.i18n import get_locale
from starlette_admin.theme import DefaultTheme, TablerSettings

from admin import addresses, dates, event_words, formats, messages, preferences, structures, told_changes, words
from admin.catalogues import LANGUAGES, RIGHT_TO_LEFT
from admin.readable import pretty, readable
from admin.request import may
from admin.segments import library_words
from crm.access import Scope

STATIC = Path(__file__).parent / "static"
NATIVE_NAMES = {"en": "English", "fa": "فارسی", "zh": "中文"}


class ArzeshTheme(DefaultTheme):
    """Tabler, in Arzesh's colours, from the package's own files."""

    name = "arzesh"
    package = "admin"

    def __init__(self) -> None:
        super().__init__(TablerSettings(base="slate", primary="teal", radius=1))

    def html_attrs(self, request: Request) -> dict[str, str]:
        chosen = preferences.current().theme
        attrs = {**super().html_attrs(request), "dir": direction(), "data-theme": chosen}
        attrs["data-bs-theme"] = "dark" if chosen == "dark" else "light"
        return attrs

    def template_globals(self) -> dict[str, Any]:
        return {
            "asset": asset,
            "detail_url": addresses.of_detail,
            "edit_url": addresses.of_edit,
            "direction": direction,
            "date_terms": dates.for_scripts,
            "f": formats,
            "words": words,
            "readable": readable,
            "pretty": pretty,
            "structure": structures.parts,
            "told_changes": told_changes.lines,
            "segment_name": library_words.named,
            "said": messages.read,
            "happened": event_words.happened,
            "languages": [(code, NATIVE_NAMES[code]) for code in LANGUAGES],
            "may": may,
            "Scope": Scope,
            "preferences": preferences.current,
        }


@cache
def version(path: str) -> str:
    """What tells a browser that one of our files has changed."""
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:10]


def asset(request: Request, path: str) -> str:
    """The address of one of our own files, a new one for new content."""
    return static_url(request, path, v=version(path))


def direction() -> str:
    return "rtl" if get_locale() in RIGHT_TO_LEFT else "ltr"
