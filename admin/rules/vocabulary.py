"""What a rule can speak of, in the reader's language, for the form and the completion in the browser."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette_admin.i18n import get_locale
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import gettext as translated

from admin import choices, words
from admin.request import actor_of, may
from admin.segments import library_words
from crm.access import Actor, Scope
from crm.database import fetch
from crm.rules.fields import OPERATORS as FITTING
from crm.rules.fields import Catalogue, Field, Noun, Relation
from crm.rules.predicate import surroundings
from crm.rules.windows import UNIT_SECONDS
from crm.rules.words import OPERATORS
from crm.value.rfm import GROUPS

_SEGMENTS = "SELECT key, name FROM segment WHERE archived_at IS NULL ORDER BY name, key LIMIT 1000"
_STAGES = """
SELECT l.key AS lifecycle, l.name AS lifecycle_name, l.is_default, s.key, s.name FROM stage s
JOIN lifecycle l ON l.id = s.lifecycle_id WHERE s.archived_at IS NULL AND l.archived_at IS NULL
ORDER BY l.is_default DESC, l.name, s.position LIMIT 2000
"""
# Fields whose values the reader chooses from a list that the vocabulary holds once.
LISTED = {
    "country": "countries",
    "language": "languages",
    "currency": "currencies",
    "timeZone": "zones",
    "stage": "stages",
    "fromStage": "stages",
    "toStage": "stages",
    "lifecycle": "lifecycles",
    "rfmGroup": "rfm",
    "previousRfmGroup": "rfm",
    "matrixCell": "cells",
}
CELLS = ("CARRIAGE_TRADE", "PASSIVE", "AGGRESSIVE", "BARGAIN_BASEMENT")


async def vocabulary(request: Request, now: datetime) -> dict[str, Any]:
    """Nouns with their fields and relations, words with their labels, and lists of values."""
    actor, locale = actor_of(request), get_locale()
    catalogue, context = await surroundings(now)
    seen = {key: noun for key, noun in catalogue.nouns.items() if noun.scope in actor.scopes}
    return {
        "nouns": {key: _noun(actor, catalogue, noun, locale) for key, noun in seen.items()},
        "operators": {operator.value: label.of(locale) for operator, label in OPERATORS.items()},
        "fitting": {kind.value: [operator.value for operator in found] for kind, found in FITTING.items()},
        "words": _words(),
        "currency": context.base_currency,
        "lists": await _lists(request),
    }


def _noun(actor: Actor, catalogue: Catalogue, noun: Noun, locale: str) -> dict[str, Any]:
    fields = [_field(field, locale) for field in noun.fields.values() if not field.scope or field.scope in actor.scopes]
    ways = [_relation(catalogue, way, locale) for way in noun.relations.values() if _open(actor, catalogue, way)]
    return {"label": noun.label.of(locale), "dated": noun.time is not None, "fields": fields, "relations": ways}


def _open(actor: Actor, catalogue: Catalogue, relation: Relation) -> bool:
    return relation.target in catalogue.nouns and catalogue.nouns[relation.target].scope in actor.scopes


def _field(field: Field, locale: str) -> dict[str, Any]:
    return {
        "key": field.key,
        "label": field.label.of(locale),
        "type": field.type.value,
        "unit": field.unit,
        "foreign": field.currency is not None,
        "choices": [[choice, words.value(choice)] for choice in field.choices],
        "list": LISTED.get(field.key),
        "example": field.example,
    }


def _relation(catalogue: Catalogue, relation: Relation, locale: str) -> dict[str, Any]:
    label = relation.label or catalogue.nouns[relation.target].label
    return {"key": relation.key, "label": label.of(locale), "target": relation.target, "many": relation.many}


async def keyed(request: Request) -> dict[str, list[list[str]]]:
    """Segments, stages and lifecycles by key, with their names; those that the reader may not see are left out."""
    stages = await fetch(_STAGES) if may(request, Scope.LIFECYCLE_READ) else []
    segments = await fetch(_SEGMENTS) if may(request, Scope.SEGMENT_READ) else []
    paths = {row["lifecycle"]: translated(row["lifecycle_name"]) for row in stages}
    own = {row["key"]: translated(row["name"]) for row in reversed(stages)}
    return {
        "segments": [[row["key"], library_words.named(row["name"])] for row in segments],
        "stages": [[key, own[key]] for key in dict.fromkeys(row["key"] for row in stages)],
        "lifecycles": [[key, name] for key, name in paths.items()],
    }


async def _lists(request: Request) -> dict[str, list[list[str]]]:
    return {
        **await keyed(request),
        "countries": [list(pair) for pair in choices.countries(request)],
        "languages": [list(pair) for pair in choices.languages(request)],
        "currencies": [list(pair) for pair in choices.currencies(request)],
        "zones": [list(pair) for pair in choices.time_zones(request)],
        "rfm": [[group, words.value(group)] for group in GROUPS],
        "cells": [[cell, words.value(cell)] for cell in CELLS],
    }


def _words() -> dict[str, str]:
    """What the form calls the other words of the language."""
    units = dict(zip(UNIT_SECONDS, _units(), strict=True))
    return {
        **{unit.value: label for unit, label in units.items()},
        "some": _("at least one"),
        "none": _("none"),
        "every": _("every one"),
        "count": _("number"),
        "sum": _("sum"),
        "avg": _("average"),
        "min": _("smallest"),
        "max": _("largest"),
        "firstOne": _("value of the first"),
        "lastOne": _("value of the last"),
        "last": _("in the last"),
        "next": _("in the next"),
        "this": _("in this"),
        "previous": _("in the previous"),
        "from": _("between two days"),
        "anytime": _("at any time"),
        "ago": _("ago"),
        "ahead": _("from now"),
        "day": _("on the day"),
        "now": _("is in it now"),
        "at": _("was in it on"),
        "ever": _("was ever in it"),
        "entered": _("entered it within"),
        "left": _("left it within"),
    }


def _units() -> tuple[str, ...]:
    return _("minutes"), _("hours"), _("days"), _("weeks"), _("months"), _("quarters"), _("years")
