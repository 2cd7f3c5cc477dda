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

FEW = 10_000
"""Members up to which a list takes a segment's members one by one: about as many as a page's walk would cost."""

_KNOWN = """
SELECT s.*, d.* FROM (
    SELECT
        ARRAY(SELECT key FROM segment WHERE size < $1 AND archived_at IS NULL) AS small_segments,
        ARRAY(SELECT key FROM segment) AS segments,
        ARRAY(SELECT key FROM stage) AS stages,
        ARRAY(SELECT key FROM lifecycle) AS lifecycles
) s LEFT JOIN field_definition d ON d.archived_at IS NULL
"""
_NAMES = ("small_segments", "segments", "stages", "lifecycles")


async def surroundings(now: datetime | None = None) -> tuple[Catalogue, Context]:
    """The catalogue as it is now, and what relative things are relative to."""
    chosen = await organization.current()
    rows = [dict(row) for row in await fetch(_KNOWN, FEW)]
    names = {name: frozenset(rows[0][name]) for name in _NAMES}
    definitions = [FieldDefinition(**{k: v for k, v in row.items() if k not in names}) for row in rows if row["id"]]
    catalogue = build(definitions, base_currency=chosen.base_currency)
    return catalogue, Context(now or datetime.now(UTC), chosen.time_zone, chosen.base_currency, **names)


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
