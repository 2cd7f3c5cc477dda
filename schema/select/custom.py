"""Orders by custom fields, whose types only the organisation's own catalogue knows."""

from __future__ import annotations

from tortoise.models import Model

from crm.errors import ValidationFailed
from crm.rules.faults import nearest
from crm.rules.fields import FieldType
from crm.rules.sql.terms import CUSTOM
from schema.select.kinds import Kind
from schema.select.order import OrderKey
from schema.select.render import Ask
from schema.select.rows import Row

CUSTOM_FIELD = "CUSTOM_FIELD"
COLUMN = "custom_fields"
KINDS = {
    FieldType.TEXT: Kind.TEXT,
    FieldType.ENUM: Kind.TEXT,
    FieldType.NUMBER: Kind.DECIMAL,
    FieldType.BOOLEAN: Kind.BOOLEAN,
    FieldType.DATE: Kind.DATE,
}


def has_custom_fields(model: type[Model]) -> bool:
    return COLUMN in model._meta.fields_map


def sort_name(field: str, key: str | None) -> str:
    """The name of an order, in which a custom field stands with its key. Raises ValidationFailed."""
    if field == CUSTOM_FIELD:
        if not key:
            raise ValidationFailed("An order by CUSTOM_FIELD needs the field's 'key'.", path=("orderBy",))
        return f"{CUSTOM_FIELD}:{key}"
    if key is not None:
        raise ValidationFailed(f"'key' belongs to CUSTOM_FIELD; leave it out beside {field}.", path=("orderBy",))
    return field


def custom_sort(ask: Ask, name: str) -> OrderKey | None:
    """The key of an order by a custom field; None for any other name. Raises ValidationFailed for an unknown field."""
    prefix, _, key = name.partition(":")
    if prefix != CUSTOM_FIELD:
        return None
    known = ask.render.reading.catalogue.noun("custom").fields
    found = known.get(key)
    if found is None:
        said = f"There is no custom field '{key[:60]}'.{nearest(key[:60], list(known))}"
        raise ValidationFailed(said, path=("orderBy",))
    ask.render.unsettle()  # the field may have another type by the next request
    bound = ask.render.bind(key, "text")
    json_type, sql_type = CUSTOM[found.type]

    def value(row: Row) -> str:
        text = f"({row.custom_fields} ->> {bound})"
        valid = f" AND pg_input_is_valid({text}, 'date')" if sql_type == "date" else ""
        held = f"jsonb_typeof({row.custom_fields} -> {bound}) = '{json_type}'{valid}"
        return f"(CASE WHEN {held} THEN {text}::{sql_type} END)"

    return OrderKey(name, KINDS[found.type], True, value)
