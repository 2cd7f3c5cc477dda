"""Rules on edges: reading them as their author wrote them, and saying which part of one does not hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.access import Actor
from crm.database import fetch_row
from crm.errors import CrmError
from crm.rules.check import check, problems
from crm.rules.explain import figure_of
from crm.rules.json_form import from_json, to_json
from crm.rules.predicate import surroundings
from crm.rules.printer import to_text
from crm.rules.sql import Parameters, compile
from crm.rules.text import parse
from crm.rules.tree import And, Node

Rule = dict[str, Any] | str


async def read(actor: Actor, rule: Rule) -> dict[str, Any]:
    """The stored form of a rule over customers, given as text or tree, that its author may ask.

    Raises RuleInvalid, Forbidden or Problems.
    """
    tree = parse(rule) if isinstance(rule, str) else from_json(rule)
    catalogue, context = await surroundings()
    check(tree, catalogue, scopes=actor.scopes, context=context)
    return to_json(tree)


async def read_at(actor: Actor, rule: Rule, *path: str) -> dict[str, Any]:
    """`read`, for a rule that stood at a place of a larger input."""
    try:
        return await read(actor, rule)
    except CrmError as error:
        raise error.under(*path) from None


def text_of(rule: dict[str, Any]) -> str:
    """A stored rule in words."""
    return to_text(from_json(rule))


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition that does not hold for a customer: its text, and the value found where it compares one."""

    condition: str
    actual: str | None


async def unmet(actor: Actor, rule: dict[str, Any], customer_id: UUID, *, now: datetime | None = None) -> list[Unmet]:
    """The conditions, of those that must all hold, which do not hold for a customer; in one statement.

    Values that the actor may not read are kept back.
    """
    catalogue, context = await surroundings(now)
    conditions = _conditions(from_json(rule))
    binder = Parameters(2)
    columns = []
    for condition in conditions:
        columns.append(compile(condition, catalogue, alias="c", binder=binder, context=context))
        columns.append(figure_of(condition, catalogue, alias="c", binder=binder, context=context) or "NULL::text")
    statement = f"SELECT {', '.join(columns)} FROM customer c WHERE c.id = $1"  # noqa: S608 - compiled by crm.rules
    found = await fetch_row(statement, customer_id, *binder.values)
    row = list(found.values()) if found else []
    answers = zip(conditions, row[::2], row[1::2], strict=False)
    failing = [(condition, actual) for condition, holds, actual in answers if not holds]
    return [
        Unmet(to_text(each), None if problems(each, catalogue, scopes=actor.scopes, context=context) else actual)
        for each, actual in failing
    ]


def _conditions(tree: Node) -> list[Node]:
    if isinstance(tree, And):
        return [found for item in tree.items for found in _conditions(item)]
    return [tree]
