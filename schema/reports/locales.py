"""The languages in which the API names things for people."""

from __future__ import annotations

import re

from crm.errors import ValidationFailed

KNOWN = ("en", "fa", "zh")


def known_locale(locale: str) -> str:
    """The language of a locale, such as fa of fa-IR; raises ValidationFailed for one that nothing is named in."""
    language = re.split("[-_]", locale, maxsplit=1)[0].lower()
    if language not in KNOWN:
        raise ValidationFailed(
            f"Nothing is named in '{locale[:20]}'; 'locale' is one of {', '.join(KNOWN)}.", path=("locale",)
        )
    return language
