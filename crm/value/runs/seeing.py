"""Statements over customers that see only whom the actor may see, and of them only whom a rule finds."""

from __future__ import annotations

from typing import Any

from crm.access import Actor, Scope, need
from crm.database import execute, fetch, transaction
from crm.rules.predicate import predicate

PATIENCE = "60s"


async def seen(actor: Actor, statement: str, *arguments: Any, where: dict[str, Any] | None = None) -> list[Any]:
    """The rows of a statement in which `{who}` stands for a condition on the customer `c`.

    Raises Forbidden, and RuleInvalid for a rule that makes no sense.
    """
    need(actor, Scope.VALUE_READ)
    conditions: list[str] = []
    values: list[Any] = []
    for rule in (actor.row_filter, where):
        if rule is not None:
            condition, found = await predicate(rule, alias="c", first_parameter=len(arguments) + len(values) + 1)
            conditions.append(f"({condition})")
            values += found
    who = " AND ".join(conditions) or "true"
    async with transaction():
        await execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
        return list(await fetch(statement.replace("{who}", who), *arguments, *values))
