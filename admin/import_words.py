"""What a column of a file can mean, as the wizard of imports offers it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from starlette_admin.i18n import gettext as _

from admin import customer_fields, words
from admin.problems import snake
from crm import custom_fields
from crm.imports.mapping import CUSTOM, RATED, TARGETS, ImportKind

MOST_LETTERS = 40
_UNNAMED = re.compile(r"[^\w -]")
_NAMELESS = re.compile(r"^[\W\d_]+")
_AS_VALUES = {"external": "EXTERNAL", "nps": "NPS", "csat": "CSAT", "ces": "CES"}


async def targets(kind: ImportKind) -> list[tuple[str, str]]:
    """Target → its name in the reader's language, in the order of the catalogue; the organisation's own fields last."""
    known = [(target, named(target)) for target in TARGETS[kind]]
    if kind is not ImportKind.CUSTOMERS:
        return known
    own = await custom_fields.definitions("customer")
    return [*known, *((f"{CUSTOM}{field.key}", customer_fields.name(field)) for field in own)]


def ratings(kind: ImportKind, columns: Iterable[str], guessed: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Column → the target that makes it a rating of one thing, and its name; only interactions have such."""
    if kind is not ImportKind.INTERACTIONS:
        return {}
    things = {column: _thing(column, guessed.get(column, "")) for column in columns}
    return {
        column: (f"{RATED}{thing}", _("Rating of %(thing)s") % {"thing": thing})
        for column, thing in things.items()
        if thing
    }


def _thing(column: str, target: str) -> str:
    """What a column would be a rating of: as its heading was understood, else the heading itself, made a name."""
    if target.startswith(RATED):
        return target.removeprefix(RATED)
    return _NAMELESS.sub("", " ".join(_UNNAMED.sub(" ", column).split()))[:MOST_LETTERS].strip()


def named(target: str) -> str:
    """What a target is called in the reader's language."""
    whose, _dot, name = target.rpartition(".")
    label = words.value(_AS_VALUES[name]) if name in _AS_VALUES else str(words.label(snake(name)))
    return _("Customer: %(field)s") % {"field": label} if whose == "customer" else label
