"""Use cases of exchange rates: what one unit of a currency was worth in the base currency, from a day on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from crm import changes, codes, money, organization
from crm.access import Actor, Scope, need
from crm.audit import record
from crm.database import transaction
from crm.errors import ValidationFailed
from crm.events import EventType, emit
from models import ExchangeRate

AHEAD = timedelta(days=366)
"""How far ahead a rate can be known: budget rates are agreed for the year to come."""


async def put(actor: Actor, *, currency: str, day: date, rate: Decimal, now: datetime) -> ExchangeRate:
    """Note the rate of a day, replacing one that was noted for it; orders already recorded keep theirs.

    Raises ValidationFailed (unknown currency, the base currency itself, a rate out of range, a day more than a year
    ahead), Forbidden.
    """
    need(actor, Scope.SETTINGS_WRITE)
    code, exact = codes.currency(currency), money.positive_rate(rate)
    if day > (now + AHEAD).date():
        raise ValidationFailed(f"day {day} lies more than a year ahead; check the year.", path=("day",))
    async with transaction():
        base = (await organization.current()).base_currency
        if code == base:
            raise ValidationFailed(f"{base} is the base currency; its rate is always 1.", path=("currency",))
        found = await ExchangeRate.filter(currency=code, day=day).select_for_update().first()
        if found is None:
            fresh = ExchangeRate(currency=code, day=day, rate=exact)
            return await changes.create(actor, fresh, EventType.SETTING_CHANGED)
        changed = {"rate": [found.rate, exact]}
        found.rate = exact
        await found.save()
        await record(actor, EventType.SETTING_CHANGED.value, "exchange_rate", found.id, changes=changed)
        await emit(actor, EventType.SETTING_CHANGED, "exchange_rate", found.id, data={"currency": code, "rate": exact})
        return found


async def delete(actor: Actor, rate_id: UUID) -> None:
    """Take back a rate that was noted by mistake; orders already recorded keep theirs. Raises NotFound, Forbidden."""
    need(actor, Scope.SETTINGS_WRITE)
    async with transaction():
        await changes.delete(actor, await changes.get(ExchangeRate, rate_id), EventType.SETTING_CHANGED)
