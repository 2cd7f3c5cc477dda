"""The catalogue of rules as editors need it: every field that an actor may ask for, in a language."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm.access import Actor
from crm.rules.fields import Catalogue, Entry, Field, Noun, Relation
from crm.rules.predicate import surroundings


@dataclass(frozen=True, slots=True)
class CatalogueField:
    """Something that a rule over `noun` can compare. `readable` says whether the actor has the scopes for it."""

    noun: str
    key: str
    label: str
    type: str
    unit: str | None
    operators: tuple[str, ...]
    choices: tuple[str, ...]
    example: str
    scopes: tuple[str, ...]
    readable: bool


@dataclass(frozen=True, slots=True)
class CatalogueRelation:
    """Rows of another noun that a rule over `noun` can ask: one row by a dot, many by quantifiers and figures."""

    noun: str
    key: str
    label: str
    target: str
    many: bool
    dated: bool


async def catalogue(
    actor: Actor, *, locale: str, now: datetime, noun: str | None = None
) -> tuple[list[CatalogueField], list[CatalogueRelation]]:
    """Fields and relations of all nouns, or of one; labels in `locale`, English where there is none."""
    found, _ = await surroundings(now)
    nouns = [each for each in found.nouns.values() if noun is None or each.key == noun]
    fields = [_field(actor, each, one, locale) for each in nouns for one in each.fields.values()]
    relations = [_relation(found, each, one, locale) for each in nouns for one in each.relations.values()]
    return fields, relations


def _field(actor: Actor, noun: Noun, field: Field, locale: str) -> CatalogueField:
    scopes = tuple(sorted({scope for scope in (noun.scope, field.scope) if scope}))
    named = f'{field.key}("delivery")' if isinstance(field.source, Entry) else field.key
    example = f"{named} {_comparison(field)}"
    return CatalogueField(
        noun.key,
        field.key,
        field.label.of(locale),
        field.type.value,
        field.unit,
        tuple(operator.value for operator in field.operators),
        field.choices,
        f"customFields.{example}" if noun.key == "custom" else example,
        scopes,
        all(scope in actor.scopes for scope in scopes),
    )


def _comparison(field: Field) -> str:
    """An operator with the field's example of a value."""
    if field.example.startswith(("last ", "this ", "next ")):
        return f"within {field.example}"
    if field.example.startswith("anniversary "):
        return field.example
    return f"{'>=' if field.type in ('NUMBER', 'MONEY', 'DURATION') else '='} {field.example}"


def _relation(found: Catalogue, noun: Noun, relation: Relation, locale: str) -> CatalogueRelation:
    label = relation.label.of(locale) if relation.label else relation.key
    target = found.nouns.get(relation.target)
    dated = target is not None and target.time is not None
    return CatalogueRelation(noun.key, relation.key, label, relation.target, relation.many, dated)
