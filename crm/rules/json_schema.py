"""The JSON Schema of rules over a catalogue: what editors and partners validate the JSON form against."""

from __future__ import annotations

from typing import Any

from crm.rules.faults import MAX_LIST, MAX_STRING
from crm.rules.fields import CUSTOMER, Catalogue, Field, FieldType, Noun, Relation
from crm.rules.tree import Function, Operator, Quantifier
from crm.rules.windows import MAX_DAYS, Unit

Schema = dict[str, Any]

_UNIT: Schema = {"enum": [unit.value for unit in Unit]}
_MARKS: Schema = {"whole": {"type": "boolean"}, "zone": {"type": "string"}}
_COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_DAYS * 1_440}


def _object(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


WINDOW: Schema = {
    "oneOf": [
        _object({"last": _COUNT, "unit": _UNIT, **_MARKS}, ("last",)),
        _object({"next": _COUNT, "unit": _UNIT, **_MARKS}, ("next",)),
        _object({"this": _UNIT, "zone": _MARKS["zone"]}, ("this",)),
        _object({"previous": _UNIT, "zone": _MARKS["zone"]}, ("previous",)),
        _object({"from": {"type": "string"}, "to": {"type": "string"}, "zone": _MARKS["zone"]}, ("from",)),
        _object({"to": {"type": "string"}, "zone": _MARKS["zone"]}, ("to",)),
    ]
}
MOMENT: Schema = {
    "oneOf": [_object({way: {**_COUNT, "minimum": 0}, "unit": _UNIT, **_MARKS}, (way,)) for way in ("ago", "ahead")]
}
NUMBER: Schema = {"oneOf": [{"type": ["number", "string"]}, _object({"number": {"type": "string"}}, ("number",))]}
MONEY: Schema = _object(
    {"amount": {"type": ["string", "number"]}, "currency": {"pattern": "^[A-Z]{3}$"}}, ("amount", "currency")
)
SPAN: Schema = _object({"span": {**_COUNT, "minimum": 0}, "unit": _UNIT}, ("span", "unit"))
TEXT: Schema = {"type": "string", "maxLength": MAX_STRING}
TIME: Schema = {"oneOf": [{"type": "string"}, {"$ref": "#/$defs/moment"}]}

_VALUES: dict[FieldType, Schema] = {
    FieldType.TEXT: TEXT,
    FieldType.CODE: TEXT,
    FieldType.ENUM: TEXT,
    FieldType.ID: TEXT,
    FieldType.NUMBER: NUMBER,
    FieldType.BOOLEAN: {"type": "boolean"},
    FieldType.DURATION: SPAN,
    FieldType.DATE: TIME,
    FieldType.TIME: TIME,
}


def json_schema(catalogue: Catalogue, *, root: str = CUSTOMER) -> Schema:
    """A JSON Schema (draft 2020-12) that accepts the JSON form of rules over `root`."""
    shared: Schema = {"window": WINDOW, "moment": MOMENT}
    nouns = {key: _noun(catalogue, noun) for key, noun in catalogue.nouns.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Rule over a {root}",
        "$ref": f"#/$defs/{root}",
        "$defs": shared | nouns,
    }


def _noun(catalogue: Catalogue, noun: Noun) -> Schema:
    here = {"$ref": f"#/$defs/{noun.key}"}
    several = {"type": "array", "items": here, "minItems": 1}
    properties: Schema = {"AND": several, "OR": several, "NOT": here, "COMMENT": {"type": "array", "items": TEXT}}
    if noun.key == CUSTOMER:
        properties |= {"segment": _segment(), "everInStage": _object({"key": TEXT, "of": TEXT}, ("key",))}
    properties |= {key: _field(field) for key, field in noun.fields.items()}
    properties |= {key: _relation(catalogue, relation) for key, relation in noun.relations.items()}
    return {**_object(properties), "minProperties": 1}


def _segment() -> Schema:
    window = {"$ref": "#/$defs/window"}
    presence = {"at": TIME, "ever": {"const": True}, "entered": window, "left": window}
    return {**_object({"key": TEXT, **presence}, ("key",)), "maxProperties": 2}


def _field(field: Field) -> Schema:
    argument = {"of": TEXT} if field.takes else {}
    title = {"title": field.label.en}
    return {**_object({**argument, **_comparisons(field)}), "minProperties": 1, **title}


def _comparisons(field: Field) -> Schema:
    return {operator.value: _operand(field, operator) for operator in field.operators}


def _operand(field: Field, operator: Operator) -> Schema:
    value = _value(field)
    match operator:
        case Operator.IS_EMPTY:
            return {"type": "boolean"}
        case Operator.WITHIN | Operator.ANNIVERSARY:
            return {"$ref": "#/$defs/window"}
        case Operator.BETWEEN:
            return {"type": "array", "items": value, "minItems": 2, "maxItems": 2}
        case Operator.IN | Operator.NOT_IN:
            return {"type": "array", "items": value, "minItems": 1, "maxItems": MAX_LIST}
    return value


def _value(field: Field) -> Schema:
    if field.choices:
        return {"enum": list(field.choices)}
    if field.type is FieldType.MONEY:
        return MONEY if field.currency else {"anyOf": [MONEY, NUMBER]}
    return _VALUES[field.type]


def _relation(catalogue: Catalogue, relation: Relation) -> Schema:
    target = {"$ref": f"#/$defs/{relation.target}"}
    if not relation.many:
        return target
    rows: Schema = {quantifier.value: {"anyOf": [target, {"maxProperties": 0}]} for quantifier in Quantifier}
    figures: Schema = {function.value: _figure(catalogue.noun(relation.target), function) for function in Function}
    return {**_object({**rows, **figures, "window": {"$ref": "#/$defs/window"}}), "minProperties": 1}


def _figure(noun: Noun, function: Function) -> Schema:
    where = {"where": {"$ref": f"#/$defs/{noun.key}"}}
    operators: Schema = {operator.value: True for operator in Operator}
    if function is Function.COUNT:
        return _object({**where, **operators})
    return _object({"field": {"enum": list(noun.fields)}, **where, **operators}, ("field",))
