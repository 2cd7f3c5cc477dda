"""The input types of `where`, made from the catalogue of the rule language, so that editors complete them."""

from __future__ import annotations

import sys
from enum import Enum
from functools import cache
from typing import Any

import strawberry
from tortoise.fields.data import CharEnumFieldInstance
from tortoise.models import Model

from crm.rules.catalogue import build
from crm.rules.check import AGGREGATED
from crm.rules.exposed import NOUNS
from crm.rules.fields import OPERATORS, Catalogue, Field, FieldType, Noun, Relation
from crm.rules.tree import Operator, Quantifier
from schema import enums
from schema.scalars import Rule, RuleNumber, RuleSpan, RuleTime, RuleValue, RuleWindow

NOUN_KEYS: dict[type[Model], str] = {exposed.model: key for key, exposed in NOUNS.items()}
"""What the rule language calls the rows of a model."""

VALUES: dict[FieldType, str] = {
    FieldType.TEXT: "str",
    FieldType.CODE: "str",
    FieldType.NUMBER: "RuleNumber",
    FieldType.MONEY: "RuleNumber",
    FieldType.BOOLEAN: "bool",
    FieldType.DATE: "RuleTime",
    FieldType.TIME: "RuleTime",
    FieldType.DURATION: "RuleSpan",
    FieldType.ID: "strawberry.ID",
}
LISTED = (Operator.IN, Operator.NOT_IN, Operator.BETWEEN)
WINDOWED = (Operator.WITHIN, Operator.ANNIVERSARY)

_made: dict[str, Any] = {}
__all__ = ["NOUN_KEYS", "Rule", "RuleNumber", "RuleSpan", "RuleTime", "RuleValue", "RuleWindow", "where_input"]


def where_input(model: type[Model]) -> Any:
    """The type of `where` for lists of a model's rows."""
    return _types()[where_name(NOUN_KEYS[model])] | None


def where_name(noun: str) -> str:
    return f"{noun[0].upper()}{noun[1:]}Where"


@cache
def _types() -> dict[str, Any]:
    """All the types; they name each other, and find each other in this module."""
    catalogue = build([], base_currency="USD")
    for key in NOUNS:
        _noun(catalogue, catalogue.noun(key))
    _declare(
        "SegmentWhere",
        "Membership of a segment: now, unless another presence is asked for.",
        {
            "key": "str",
            "at": "RuleTime | None",
            "ever": "bool | None",
            "entered": "RuleWindow | None",
            "left": "RuleWindow | None",
        },
    )
    _declare("EverInStageWhere", "Having been in a stage at some time.", {"key": "str", "of": "str | None"})
    return _made


def _noun(catalogue: Catalogue, noun: Noun) -> None:
    name = where_name(noun.key)
    entries = {key: f"list[{name}] | None" for key in ("AND", "OR")} | {"NOT": f"{name} | None"}
    entries |= {key: f"{_comparison(noun, field)} | None" for key, field in noun.fields.items()}
    entries |= {key: f"{_related(catalogue, relation)} | None" for key, relation in noun.relations.items()}
    if noun.key == "customer":
        entries |= {"segment": "SegmentWhere | None", "everInStage": "EverInStageWhere | None"}
    _declare(name, f"Which {noun.label.en.lower()} rows; several keys mean AND.", entries)


def _related(catalogue: Catalogue, relation: Relation) -> str:
    if relation.target not in NOUNS:
        return "Rule"  # custom fields are the organisation's own; the catalogue knows them at run time
    where = where_name(relation.target)
    if not relation.many:
        return where
    name = where.removesuffix("Where") + "Rows"
    if name not in _made:
        _declare_rows(name, where, catalogue.noun(relation.target))
    return name


def _declare_rows(name: str, where: str, noun: Noun) -> None:
    _made[name] = None  # declared below; a noun may lead back to itself
    inner = {"where": f"{where} | None"}
    numbers = dict.fromkeys(OPERATORS[FieldType.NUMBER], VALUES[FieldType.NUMBER])
    _declare(f"{name}Count", "How many rows.", _operators(numbers) | inner)
    fields: Any = Enum(f"{name}Field", {key: key for key in noun.fields})  # type: ignore[misc]
    fields.__module__ = __name__
    _made[f"{name}Field"] = strawberry.enum(fields, description=f"The fields of {noun.label.en.lower()} rows.")
    setattr(sys.modules[__name__], f"{name}Field", fields)
    compared = [operator for operator in Operator if operator is not Operator.ANNIVERSARY]
    figure = {"field": f"{name}Field"} | _operators(dict.fromkeys(compared, "RuleValue")) | inner
    _declare(f"{name}Figure", "One figure out of the rows.", figure)
    entries = {quantifier.value: f"{where} | None" for quantifier in Quantifier}
    entries |= {"count": f"{name}Count | None", "window": "RuleWindow | None"}
    entries |= {function.value: f"{name}Figure | None" for function in AGGREGATED}
    _declare(name, "Conditions on related rows, those in the window if one is given.", entries)


def _comparison(noun: Noun, field: Field) -> str:
    """The type that compares values of a field."""
    value, name = VALUES.get(field.type, "str"), f"{field.type.title()}Comparison"
    choices = _choices(noun, field)
    if choices:
        value, name = choices, f"{choices}Comparison"
    of = {"of": "str | None"} if field.takes else {}
    name = f"{field.takes.title()}{name}" if field.takes else name
    if name not in _made:
        operators = dict.fromkeys(OPERATORS[field.type], value)
        said = f"How values are compared.{f' `of` names the {field.takes}.' if field.takes else ''}"
        _declare(name, said, _operators(operators) | of)
    return name


def _choices(noun: Noun, field: Field) -> str | None:
    """The name of the enum behind a field."""
    columns = NOUNS[noun.key].model._meta.fields_map
    found = next((column for name, column in columns.items() if _camel(name) == field.key), None)
    if field.type is not FieldType.ENUM or not isinstance(found, CharEnumFieldInstance):
        return None
    kind = found.enum_type
    assert kind.__name__ in enums.__all__, f"{kind.__name__} is not among the enums of the schema"
    _made.setdefault(kind.__name__, kind)
    setattr(sys.modules[__name__], kind.__name__, kind)
    return str(kind.__name__)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _operators(values: dict[Operator, str]) -> dict[str, str]:
    return {operator.value: f"{_operand(operator, value)} | None" for operator, value in values.items()}


def _operand(operator: Operator, value: str) -> str:
    if operator is Operator.IS_EMPTY:
        return "bool"
    if operator in WINDOWED:
        return "RuleWindow"
    return f"list[{value}]" if operator in LISTED else value


def _declare(name: str, description: str, entries: dict[str, str]) -> None:
    """Make an input type; its annotations are looked up in this module when the schema is built."""
    members: dict[str, Any] = {"__module__": __name__, "__annotations__": {}}
    for key, annotation in entries.items():
        # The underscore keeps words such as `in` out of Python's way.
        members["__annotations__"][f"{key}_"] = annotation
        if annotation.endswith("| None"):
            members[f"{key}_"] = strawberry.field(name=key, default=strawberry.UNSET)
        else:
            members[f"{key}_"] = strawberry.field(name=key)
    _made[name] = strawberry.input(type(name, (), members), description=description)
    setattr(sys.modules[__name__], name, _made[name])


def plain(value: Any) -> Any:
    """A filter as the rule language reads it: choices by their values."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value.value if isinstance(value, Enum) else value
