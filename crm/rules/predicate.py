"""A stored rule as an SQL condition over customers, with the organisation's own catalogue, zone and currency."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crm import organization
from crm.database import fetch
from crm.rules.catalogue import build
from crm.rules.fields import Catalogue
from crm.rules.json_form import from_json
from crm.rules.sql import Parameters, Shape, compile
from crm.rules.values import Context
from models import FieldDefinition


async def surroundings(now: datetime | None = None) -> tuple[Catalogue, Context]:
    """The catalogue as it is now, and what relative things are relative to."""
    chosen = await organization.current()
    rows = await fetch("SELECT * FROM field_definition WHERE archived_at IS NULL")
    definitions = [FieldDefinition(**dict(row)) for row in rows]
    catalogue = build(definitions, base_currency=chosen.base_currency)
    return catalogue, Context(now or datetime.now(UTC), chosen.time_zone, chosen.base_currency)


async def predicate(
    rule: dict[str, Any],
    *,
    alias: str,
    first_parameter: int,
    now: datetime | None = None,
    shape: Shape = Shape.EACH,
) -> tuple[str, list[Any]]:
    """The condition and the values of its parameters, numbered from `first_parameter`.

    The rule has been checked when it was stored. Raises RuleInvalid when a field it reads is gone since.
    """
    catalogue, context = await surroundings(now)
    binder = Parameters(first_parameter)
    condition = compile(from_json(rule), catalogue, alias=alias, binder=binder, context=context, shape=shape)
    return condition, binder.values
