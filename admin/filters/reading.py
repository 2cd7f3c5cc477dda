"""A list's filter as an address says it: read and checked, or refused with what is wrong and what helps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from starlette_admin import BaseField
from starlette_admin.filters import (
    BaseFilter,
    FilterDataType,
    FilterGroup,
    FilterRegistry,
    FilterRule,
    FilterValidationError,
)
from starlette_admin.i18n import gettext as _
from tortoise.fields import Field
from tortoise.fields.data import CharEnumFieldInstance

from admin.fields import Readable
from admin.fields.typed import UNREADABLE

MOST_RULES = 50
"""Conditions of one filter; each nests the query it makes one deeper."""
LONGEST_SHOWN = 60
LARGEST = Decimal(10) ** 30
"""Beyond what a column of exact numbers holds."""

Columns = Mapping[str, Field[Any]]


class Refused(ValueError):
    """What cannot be read, said to the reader."""


class _Beyond(Exception):
    """What a column is too small for, with what it takes."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a list can be filtered by."""

    fields: Mapping[str, BaseField]
    columns: Columns
    registry: FilterRegistry

    def rule(self, node: Mapping[str, Any]) -> FilterRule:
        field, filter_ = self._found(str(node["field"]), str(node["filter"]))
        column = self.columns.get(field.name)
        values = [_value(field, column, filter_, text) for text in _texts(node, field, filter_)]
        return FilterRule(field.name, filter_.name, *values)

    def _found(self, name: str, slug: str) -> tuple[BaseField, BaseFilter]:
        field = self.fields.get(name)
        if field is None:
            raise Refused(
                _("This list cannot be filtered by “%(field)s”. It can by: %(fields)s.")
                % {"field": _short(name), "fields": ", ".join(self.fields)}
            )
        kind = self.registry.get_filter(field, slug)
        if kind is None:
            known = ", ".join(each.name for each in self.registry.filters_for(field))
            raise Refused(
                _("“%(field)s” has no filter “%(filter)s”. It has: %(filters)s.")
                % {"field": field.label, "filter": _short(slug), "filters": known}
            )
        return field, kind()


def read(raw: str, parse: Callable[[str], Any], offer: Offer) -> FilterGroup:
    """The filter of an address; Refused where it cannot be read. `parse` knows how addresses write one."""
    try:
        node = parse(raw)
    except ValueError:
        raise Refused(
            _("The filter “%(filter)s” in the address cannot be read. Build it with the filters above the list.")
            % {"filter": _short(raw)}
        ) from None
    if _rules(node) > MOST_RULES:
        raise Refused(_("A filter takes at most %(number)s conditions.") % {"number": MOST_RULES})
    found = _node(node, offer)
    return found if isinstance(found, FilterGroup) else FilterGroup(rules=[found])


def _rules(node: Mapping[str, Any]) -> int:
    return sum(map(_rules, node["rules"])) if "rules" in node else 1


def _node(node: Mapping[str, Any], offer: Offer) -> FilterGroup | FilterRule:
    if "rules" not in node:
        return offer.rule(node)
    return FilterGroup(node["logic"], [_node(each, offer) for each in node["rules"]])


def _texts(node: Mapping[str, Any], field: BaseField, filter_: BaseFilter) -> list[Any]:
    """The values of a condition as they are written: none, one, or two."""
    if filter_.data_type == FilterDataType.NONE:
        return []
    if "value" not in node or (filter_.has_value2 and "value2" not in node):
        raise Refused(
            _("The filter “%(filter)s” of “%(field)s” lacks a value. Write one behind it: %(example)s")
            % {"filter": filter_.name, "field": field.label, "example": _example(field, filter_)}
        )
    value = node["value"]
    if isinstance(value, list) and filter_.data_type != FilterDataType.ENUM:
        value = ",".join(value)
    if filter_.has_value2:
        return [value, node["value2"]]
    return [f"{value}..{node['value2']}" if "value2" in node else value]


def _example(field: BaseField, filter_: BaseFilter) -> str:
    return f"{field.name}__{filter_.name}=" + ("…..…" if filter_.has_value2 else "…")


def _value(field: BaseField, column: Field[Any] | None, filter_: BaseFilter, text: Any) -> Any:
    try:
        return _held(column, _parsed(field, column, filter_, text))
    except _Beyond as beyond:
        remedy = str(beyond)
    except (FilterValidationError, TypeError, *UNREADABLE):
        remedy = _remedy(field, column)
    shown = ",".join(text) if isinstance(text, list) else text
    raise Refused(
        _("“%(value)s” is no value to filter “%(field)s” by. %(remedy)s")
        % {"value": _short(shown), "field": field.label, "remedy": remedy}
    )


def _parsed(field: BaseField, column: Field[Any] | None, filter_: BaseFilter, text: Any) -> Any:
    if isinstance(column, CharEnumFieldInstance):
        for each in text if isinstance(text, list) else [text]:
            column.enum_type(each)
    elif isinstance(field, Readable):
        return field.read(text.strip()) if filter_.data_type != FilterDataType.STRING else text
    return filter_.parse_value(text)


def _held(column: Field[Any] | None, found: Any) -> Any:
    """What the column could hold; for anything else the database would fail at the comparison."""
    if isinstance(found, str) and "\0" in found:
        raise ValueError(found)
    if isinstance(found, Decimal) and abs(found) >= LARGEST:
        raise ValueError(found)
    if isinstance(found, int) and column is not None and "ge" in column.constraints:
        least, most = column.constraints["ge"], column.constraints["le"]
        if not least <= found <= most:
            raise _Beyond(_("It takes %(least)s to %(most)s.") % {"least": least, "most": most})
    return found


def _remedy(field: BaseField, column: Field[Any] | None) -> str:
    if isinstance(column, CharEnumFieldInstance):
        return _("It takes: %(values)s.") % {"values": ", ".join(str(each.value) for each in column.enum_type)}
    return field.complaint() if isinstance(field, Readable) else _("This cannot be read.")


def _short(text: str) -> str:
    plain = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return plain if len(plain) <= LONGEST_SHOWN else f"{plain[:LONGEST_SHOWN]}…"
