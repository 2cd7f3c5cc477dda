"""What a column of a file can mean, as the wizard of imports offers it."""

from __future__ import annotations

from starlette_admin.i18n import gettext as _

from admin import customer_fields, words
from admin.problems import snake
from crm import custom_fields
from crm.imports.mapping import CUSTOM, TARGETS, ImportKind


async def targets(kind: ImportKind) -> list[tuple[str, str]]:
    """Target → its name in the reader's language, in the order of the catalogue; the organisation's own fields last."""
    known = [(target, _named(target)) for target in TARGETS[kind]]
    if kind is not ImportKind.CUSTOMERS:
        return known
    own = await custom_fields.definitions("customer")
    return [*known, *((f"{CUSTOM}{field.key}", customer_fields.name(field)) for field in own)]


def _named(target: str) -> str:
    whose, _dot, name = target.rpartition(".")
    label = words.value("EXTERNAL") if name == "external" else str(words.label(snake(name)))
    return _("Customer: %(field)s") % {"field": label} if whose == "customer" else label
