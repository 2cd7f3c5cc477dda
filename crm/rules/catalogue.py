"""Builds the catalogue of rules from the models' own metadata, the custom fields and the exposed lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

from tortoise import fields
from tortoise.fields.base import Field as ModelField
from tortoise.fields.data import CharEnumFieldInstance

from crm.access import Scope
from crm.rules.exposed import (
    CHOICES,
    CODES,
    CURRENCIES,
    EXAMPLES,
    LIMITS,
    NOUNS,
    NUMBERS,
    PREFIXES,
    UNITS,
    UPPER,
    Exposed,
)
from crm.rules.fields import (
    CUSTOMER,
    Catalogue,
    Chosen,
    Column,
    Custom,
    Entry,
    Field,
    FieldType,
    Label,
    Noun,
    Relation,
    Since,
)
from crm.rules.labels import label
from crm.rules.tree import RESERVED
from models import FieldDefinition, Stage, StagePosition
from models import FieldType as CustomType

CURRENT = (Chosen("run_id", "value_run", "is_current"),)
LIFECYCLE = Chosen("lifecycle_id", "lifecycle", "is_default", "key")

_TYPES: list[tuple[type[ModelField[Any]], FieldType, str, str]] = [
    (CharEnumFieldInstance, FieldType.ENUM, "text", ""),
    (fields.UUIDField, FieldType.ID, "uuid", ""),
    (fields.BooleanField, FieldType.BOOLEAN, "boolean", "true"),
    (fields.DatetimeField, FieldType.TIME, "timestamptz", "last 90 days"),
    (fields.DateField, FieldType.DATE, "date", "this month"),
    (fields.DecimalField, FieldType.MONEY, "numeric", "500"),
    (fields.FloatField, FieldType.NUMBER, "double precision", "0.5"),
    (fields.SmallIntField, FieldType.NUMBER, "smallint", "3"),
    (fields.BigIntField, FieldType.NUMBER, "bigint", "3"),
    (fields.IntField, FieldType.NUMBER, "int", "3"),
    (fields.CharField, FieldType.TEXT, "text", '"text"'),
    (fields.TextField, FieldType.TEXT, "text", '"text"'),
]
_CUSTOM_TYPES: dict[CustomType, tuple[FieldType, str, str]] = {
    CustomType.TEXT: (FieldType.TEXT, "text", '"text"'),
    CustomType.NUMBER: (FieldType.NUMBER, "numeric", "3"),
    CustomType.BOOLEAN: (FieldType.BOOLEAN, "boolean", "true"),
    CustomType.DATE: (FieldType.DATE, "date", "this month"),
    CustomType.CHOICE: (FieldType.ENUM, "text", ""),
}


def camel(column: str) -> str:
    """The public name of a column: `placed_at` is `placedAt`."""
    return re.sub(r"_(\w)", lambda found: found[1].upper(), column)


def build(definitions: Iterable[FieldDefinition], *, base_currency: str) -> Catalogue:
    """The catalogue of an organisation: every exposed noun, and its custom fields under `customFields`."""
    nouns = {**_built_in(), "custom": _custom_noun(definitions)}
    scopes = {"segment": Scope.SEGMENT_READ.value, "stage": Scope.LIFECYCLE_READ.value}
    return Catalogue(nouns, base_currency, scopes)


@cache
def _built_in() -> dict[str, Noun]:
    """The nouns that are the same for every organisation."""
    nouns = {key: _noun(key, exposed) for key, exposed in NOUNS.items()}
    nouns[CUSTOMER] = _customer(nouns[CUSTOMER])
    nouns["stageMove"] = _stage_move(nouns["stageMove"])
    nouns["interaction"] = _interaction(nouns["interaction"])
    _refuse_reserved(nouns)
    return nouns


def _refuse_reserved(nouns: dict[str, Noun]) -> None:
    for noun in nouns.values():
        taken = RESERVED & set(noun.words())
        if taken:
            raise ValueError(f"{noun.key} has fields that the rule language uses as words: {sorted(taken)}")


def _noun(key: str, exposed: Exposed) -> Noun:
    table = exposed.model._meta.db_table
    time = camel(exposed.time) if exposed.time else None
    columns = {camel(column): _field(key, exposed, column) for column in exposed.columns}
    return Noun(key, table, time, exposed.scope.value, exposed.label, columns, _relations(key, exposed))


def _relations(key: str, exposed: Exposed) -> dict[str, Relation]:
    found: dict[str, Relation] = {}
    for name, target in exposed.one.items():
        local = exposed.model._meta.fields_map[name].source_field or f"{name}_id"
        found[name] = Relation(name, target, _table(target), str(local), "id", False, label=NOUNS[target].label)
    for name, way in exposed.ways.items():
        found[name] = Relation(
            name, way.target, _table(way.target), way.local, way.remote, way.many, way.conditions, label(name)
        )
    return found


def _table(noun: str) -> str:
    return NOUNS[noun].model._meta.db_table


def _field(noun: str, exposed: Exposed, column: str) -> Field:
    source = exposed.model._meta.fields_map[column]
    kind, sql_type, example = next(row[1:] for row in _TYPES if isinstance(source, row[0]))
    if column in CODES and kind is not FieldType.ENUM:
        kind = FieldType.CODE
    if kind is FieldType.MONEY and column in NUMBERS.get(noun, ()):
        kind = FieldType.NUMBER
    choices = (
        tuple(str(member.value) for member in source.enum_type)
        if isinstance(source, CharEnumFieldInstance)
        else CHOICES.get(column, ())
    )
    currency = CURRENCIES.get(noun, {}).get(column)
    prefix = PREFIXES.get(noun) if column == "id" else None
    return Field(
        camel(column),
        kind,
        Column(source.source_field or column),
        label(camel(column)),
        "",
        EXAMPLES[column]
        if column in CHOICES
        else _example(kind, choices, currency, EXAMPLES.get(column, example), prefix),
        unit=UNITS.get(column),
        choices=choices,
        currency=currency,
        sql_type=sql_type,
        upper=column in UPPER,
        prefix=prefix,
        limits=LIMITS.get(column),
    )


def _example(
    kind: FieldType, choices: tuple[str, ...], currency: str | None, example: str, prefix: str | None = None
) -> str:
    if choices:
        return f'"{choices[0]}"'
    if kind is FieldType.ID:
        return f'"{prefix}_0190c7a4-0000-7000-8000-000000000000"'
    return f"{example} EUR" if currency else example


# -- what is particular ----------------------------------------------------------------------------------------------


def _customer(noun: Noun) -> Noun:
    """Adds what a customer has many of, its stage, its value and its custom fields."""
    relations = dict(noun.relations)
    for key, exposed in NOUNS.items():
        if exposed.owned:
            relations[exposed.owned] = Relation(
                exposed.owned, key, _table(key), "id", "customer_id", True, label=label(exposed.owned)
            )
    relations["valueMetrics"] = Relation(
        "valueMetrics",
        "valueMetrics",
        _table("valueMetrics"),
        "id",
        "customer_id",
        False,
        CURRENT,
        NOUNS["valueMetrics"].label,
    )
    relations["customFields"] = Relation(
        "customFields", "custom", noun.table, "id", "id", False, label=label("customFields")
    )
    return replace(noun, fields={**noun.fields, **_stage_fields()}, relations=relations)


def _stage_fields() -> dict[str, Field]:
    position = Relation(
        "stagePosition", "stagePosition", StagePosition._meta.db_table, "id", "customer_id", False, (LIFECYCLE,)
    )
    stage = Relation("stage", "stage", Stage._meta.db_table, "stage_id", "id", False)
    scope = Scope.LIFECYCLE_READ.value
    return {
        "stage": Field(
            "stage",
            FieldType.CODE,
            Column("key"),
            label("stage"),
            scope,
            '"client"',
            via=(position, stage),
            takes="lifecycle",
        ),
        "stageSince": Field(
            "stageSince",
            FieldType.TIME,
            Column("entered_at"),
            label("stageSince"),
            scope,
            "last 30 days",
            sql_type="timestamptz",
            via=(position,),
            takes="lifecycle",
        ),
        "timeInStage": Field(
            "timeInStage",
            FieldType.DURATION,
            Since("entered_at"),
            label("timeInStage"),
            scope,
            "30 days",
            unit="s",
            via=(position,),
            takes="lifecycle",
        ),
    }


def _stage_move(noun: Noun) -> Noun:
    """Adds the stages of a move by their keys, and the key of the lifecycle."""
    table = Stage._meta.db_table
    steps = {
        "fromStage": Relation("fromStage", "stage", table, "from_stage_id", "id", False),
        "toStage": Relation("toStage", "stage", table, "to_stage_id", "id", False),
        "lifecycle": Relation("lifecycle", "lifecycle", "lifecycle", "lifecycle_id", "id", False),
    }
    added = {
        key: Field(key, FieldType.CODE, Column("key"), label(key), "", '"client"', via=(step,))
        for key, step in steps.items()
    }
    return replace(noun, fields={**noun.fields, **added})


def _interaction(noun: Noun) -> Noun:
    """Adds the ratings of single things, each by its name."""
    rating = Field(
        "attributeRatings",
        FieldType.NUMBER,
        Entry("attribute_ratings"),
        label("attributeRatings"),
        "",
        "7",
        sql_type="numeric",
        takes="attribute",
        limits=(1, 10),
    )
    return replace(noun, fields={**noun.fields, rating.key: rating})


def _custom_noun(definitions: Iterable[FieldDefinition]) -> Noun:
    """The custom fields of customers, read from the customer's own row."""
    usable = [item for item in definitions if item.noun == CUSTOMER and item.archived_at is None]
    found = {item.key: _custom(item) for item in usable if item.key not in RESERVED}
    customer = NOUNS[CUSTOMER]
    return Noun("custom", customer.model._meta.db_table, None, customer.scope.value, label("customFields"), found)


def _custom(item: FieldDefinition) -> Field:
    kind, sql_type, example = _CUSTOM_TYPES[item.type]
    choices = tuple(item.choices) if kind is FieldType.ENUM else ()
    names = Label(
        item.labels.get("en", item.label), item.labels.get("fa", item.label), item.labels.get("zh", item.label)
    )
    source = Custom("custom_fields", item.key)
    shown = _example(kind, choices, None, example)
    return Field(item.key, kind, source, names, "", shown, choices=choices, sql_type=sql_type)
