"""Statements over customers that see only whom the actor may see, and of them only whom a rule finds."""

from __future__ import annotations

from typing import Any

from crm.access import Actor, Scope, need
from crm.database import connection, transaction, translated
from crm.errors import CrmError
from crm.lifecycle.reports.reading import patience_left
from crm.rules.check import check
from crm.rules.json_form import from_json, to_json
from crm.rules.predicate import predicate, surroundings
from crm.segments.names import refuse_unknown_stages
from crm.segments.ruling import refuse_circle

# A sum over a million customers sorts more than the memory of a page holds; compiling costs more than it saves.
_ROOM = "SET LOCAL statement_timeout = '{}s'; SET LOCAL work_mem = '64MB'; SET LOCAL jit = off"


# Whose days the roll-up holds is looked up for everybody at once, whatever the planner thinks of how many they are.
_SWEEPING = "; SET LOCAL enable_nestloop = off"


async def seen(
    actor: Actor, statement: str, *arguments: Any, where: dict[str, Any] | None = None, sweeping: bool = False
) -> list[Any]:
    """The rows of a statement in which `{who}` stands for a condition on the customer `c`; `sweeping`: over everybody.

    Raises Forbidden, also for a rule over what the actor may not read, RuleInvalid for one that makes no sense, and
    Timeout after a minute, or as long as `patience` gives.
    """
    need(actor, Scope.VALUE_READ)
    where = None if where is None else await checked(actor, where)
    conditions: list[str] = []
    values: list[Any] = []
    for rule in (actor.row_filter, where):
        if rule is not None:
            condition, found = await predicate(rule, alias="c", first_parameter=len(arguments) + len(values) + 1)
            conditions.append(f"({condition})")
            values += found
    who = " AND ".join(conditions) or "true"
    whole = statement.replace("{who}", who)
    seconds = patience_left()
    with translated():
        async with transaction(), connection() as driver:
            await driver.execute(_ROOM.format(seconds) + _SWEEPING * sweeping)
            return list(await driver.fetch(whole, *arguments, *values, timeout=seconds + 5))


async def checked(actor: Actor, where: dict[str, Any]) -> dict[str, Any]:
    """A rule that the actor may ask, and of which everything is known. Raises RuleInvalid, Forbidden, Problems."""
    try:
        tree = from_json(where)
        catalogue, context = await surroundings()
        check(tree, catalogue, scopes=actor.scopes, context=context)
        await refuse_circle(tree, None)
        await refuse_unknown_stages(tree)
    except CrmError as error:
        raise error.under("where") from None
    return to_json(tree)
