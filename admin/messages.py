"""What use cases say, in the reader's language: a refusal is recognised by the form of its English sentence.

The use cases speak English and know no reader. `locales/problems.*.po` holds the forms of their sentences, with a
place for each value; `scripts/panel_messages.py` takes them from the code, so that none can be forgotten.
"""

from __future__ import annotations

import re
from functools import cache

from babel.messages.pofile import read_po
from starlette_admin.i18n import get_locale

from admin import formats, words
from admin.catalogues import LANGUAGES, LOCALES

_PLACE = re.compile(r"\{(\w+)\}")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_DEEPEST = 3


@cache
def forms(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The sentences that are known in a language: how each is recognised and how it reads, the most definite first."""
    if language == LANGUAGES[0]:
        return ()
    with (LOCALES / f"problems.{language}.po").open("rb") as file:
        known = [(str(each.id), str(each.string)) for each in read_po(file, locale=language) if each.id and each.string]
    ordered = sorted(known, key=lambda pair: -len(_PLACE.sub("", pair[0])))
    return tuple((_pattern(form), translation) for form, translation in ordered)


def _pattern(form: str) -> re.Pattern[str]:
    parts = _PLACE.split(form)
    return re.compile("".join(f"(?P<{p}>.*?)" if i % 2 else re.escape(p) for i, p in enumerate(parts)), re.DOTALL)


def read(text: str, depth: int = 0) -> str:
    """The text in the reader's language; as it is where nobody has translated it."""
    for pattern, translation in forms(get_locale()):
        found = pattern.fullmatch(text)
        if found:
            return _filled(translation, {name: _place(name, value, depth) for name, value in found.groupdict().items()})
    return text


def _filled(translation: str, given: dict[str, str]) -> str:
    return _PLACE.sub(lambda place: given.get(place[1], place[0]), translation)


def _place(name: str, value: str, depth: int) -> str:
    """What stands in a place: kinds of values, which rules write in small letters, are words there and nowhere else."""
    kind = value.upper() if name.startswith("lower") else ""
    return words.value(kind) if kind in words.VALUES else _value(value, depth)


def _value(value: str, depth: int) -> str:
    """A value within a sentence: the name of a field, a word of an enum, a sentence itself, or what somebody typed."""
    name = _HUMP.sub("_", value).lower()
    if value.isidentifier() and name in words.LABELS:
        return f"«{words.label(name)}»" if get_locale() == "fa" else str(words.label(name))
    if value in words.VALUES:
        return words.value(value)
    if value.isdecimal():
        return formats.digits(value)
    return read(value, depth + 1) if depth < _DEEPEST else value
