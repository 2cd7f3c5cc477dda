"""Help for whoever writes a rule: what can come next, and what is wrong with what stands there, in both forms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.access import Actor, Scope, need
from crm.database import fetch
from crm.errors import CrmError, Problems
from crm.rules.check import problems
from crm.rules.completion import Completion, Known, complete
from crm.rules.fields import CUSTOMER, Catalogue, Column, FieldType
from crm.rules.json_form import from_json, to_json
from crm.rules.predicate import surroundings
from crm.rules.printer import to_text
from crm.rules.text import parse
from crm.rules.tree import Node
from crm.segments.names import refuse_unknown_stages
from crm.segments.ruling import Rule, refuse_circle

COMMON = 20
"""Common values of a field that are suggested."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a rule: `path` leads to it in the tree, `line` and `column` (from 1) in the text."""

    code: str
    message: str
    path: tuple[str, ...] = ()
    line: int | None = None
    column: int | None = None
    missing_scope: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A rule in both forms, or None and "" where it cannot be read at all, and everything that is wrong with it."""

    rule: dict[str, Any] | None
    text: str
    faults: tuple[Fault, ...]


async def suggest(
    actor: Actor, text: str, cursor: int, *, locale: str, now: datetime, root: str = CUSTOMER
) -> Completion:
    """What can stand at a cursor of a rule's text, counted in characters from 0; labels in en, fa or zh.

    Raises Forbidden.
    """
    need(actor, Scope.SEGMENT_READ)
    catalogue, _ = await surroundings(now)
    known = Known(
        await _named("SELECT key, name FROM segment WHERE archived_at IS NULL ORDER BY name"),
        await _named("SELECT key, name FROM stage WHERE archived_at IS NULL ORDER BY position, name")
        if Scope.LIFECYCLE_READ in actor.scopes
        else {},
        await _named("SELECT key, name FROM lifecycle WHERE archived_at IS NULL ORDER BY name"),
        await _common_values(actor, catalogue),
    )
    return complete(text, cursor, catalogue, scopes=actor.scopes, known=known, locale=locale, root=root)


async def read(actor: Actor, rule: Rule, *, now: datetime, key: str | None = None) -> Reading:
    """A rule, given as text or tree, in both forms, with its faults as values: for editors, which hold it to nothing.

    `key` is the segment that it is meant for, which cannot ask for itself. Raises Forbidden.
    """
    need(actor, Scope.SEGMENT_READ)
    try:
        tree = parse(rule) if isinstance(rule, str) else from_json(rule)
    except CrmError as error:
        return Reading(None, rule if isinstance(rule, str) else "", tuple(_faults([error])))
    catalogue, context = await surroundings(now)
    found = problems(tree, catalogue, scopes=actor.scopes, context=context)
    found += await _unknown(tree, key)
    return Reading(to_json(tree), rule if isinstance(rule, str) else to_text(tree), tuple(_faults(found)))


async def _unknown(tree: Node, key: str | None) -> list[CrmError]:
    try:
        await refuse_circle(tree, key)
        await refuse_unknown_stages(tree)
    except CrmError as error:
        return [error]
    return []


def _faults(errors: Iterable[CrmError]) -> list[Fault]:
    found: list[Fault] = []
    for error in errors:
        if isinstance(error, Problems):
            found += _faults(error.problems)
        else:
            told = error.details
            place = (told.get("line"), told.get("column"), told.get("missing_scope"))
            found.append(Fault(error.code, error.message, error.path, *place))
    return found


async def _named(statement: str) -> dict[str, str]:
    return {row["key"]: row["name"] for row in await fetch(statement)}


# PostgreSQL's statistics hold the most common values of a column, so that no table has to be read for them.
_COMMON = """
SELECT tablename, attname, (most_common_vals::text::text[])[1:$3] AS values FROM pg_stats
WHERE schemaname = current_schema() AND tablename = ANY($1::text[]) AND attname = ANY($2::text[])
  AND most_common_vals IS NOT NULL
"""


async def _common_values(actor: Actor, catalogue: Catalogue) -> dict[tuple[str, str], list[str]]:
    """By (noun, field): the common values of codes, for those who see all customers."""
    if actor.row_filter is not None:
        return {}
    columns = {
        (noun.table, field.source.name): (noun.key, field.key)
        for noun in catalogue.nouns.values()
        for field in noun.fields.values()
        if field.type is FieldType.CODE and isinstance(field.source, Column) and not field.via
    }
    tables, names = (sorted({pair[place] for pair in columns}) for place in (0, 1))
    rows = await fetch(_COMMON, tables, names, COMMON)
    pairs = [((row["tablename"], row["attname"]), list(row["values"])) for row in rows]
    return {columns[pair]: [value for value in values if value] for pair, values in pairs if pair in columns}
