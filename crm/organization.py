"""The organisation's own choices, kept with its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from crm import codes, events, text
from crm.access import Actor, Scope, need
from crm.audit import record
from crm.database import execute, fetch, fetch_value, transaction
from crm.errors import Blocked, ValidationFailed
from crm.events import EventType
from crm.value import rollup
from models import Order, OrganizationSetting


@dataclass(frozen=True, slots=True)
class Organization:
    """What applies to all of an organisation's figures."""

    name: str = "Arzesh"
    base_currency: str = "USD"
    time_zone: str = "UTC"
    country: str | None = None


_CHECKS: dict[str, Callable[[Any], str | None]] = {
    "name": lambda value: text.required(value, field="name", limit=120),
    "base_currency": lambda value: codes.currency(value, field="baseCurrency"),
    "time_zone": lambda value: codes.time_zone(text.required(value, field="timeZone", limit=80)),
    "country": lambda value: codes.country(value),
}


async def current() -> Organization:
    """The choices in force; what was never chosen has its default."""
    rows = await fetch("SELECT key, value FROM organization_setting")
    chosen: dict[str, Any] = {row["key"]: row["value"] for row in rows if row["key"] in _CHECKS and row["value"]}
    return Organization(**chosen)


MANY_ORDERS = 200_000
"""Orders whose days are counted anew within a request, in a few seconds."""


async def change(actor: Actor, *, patient: bool = False, **choices: str | None) -> Organization:
    """Change some of the choices.

    The base currency is fixed by the first order: amounts in it are stored. Another time zone has all days of purchases
    counted anew, in the same transaction; of many orders only for who is patient. Raises ValidationFailed, Blocked,
    Forbidden.
    """
    need(actor, Scope.SETTINGS_WRITE)
    async with transaction():
        before = await current()
        for key, value in choices.items():
            await _choose(actor, before, key, value)
        after = await current()
        if after.time_zone != before.time_zone:
            await _count_days(after.time_zone, patient)
        return after


_MORE_ORDERS = 'SELECT count(*) > $1 FROM (SELECT FROM "order" LIMIT $1 + 1) counted'


async def _count_days(time_zone: str, patient: bool) -> None:
    if not patient and await fetch_value(_MORE_ORDERS, MANY_ORDERS):
        raise Blocked(
            f"The days of more than {MANY_ORDERS:,} orders would be counted anew, which takes longer than a request "
            f"may; `arzesh organization --time-zone {time_zone}` does it.",
            path=("timeZone",),
        )
    # Writers of orders wait, for days that they write meanwhile would not be counted. One that has asked for the clock
    # already still writes its day by the old one.
    await execute("LOCK TABLE customer_day IN EXCLUSIVE MODE; SET LOCAL statement_timeout = 0")
    await rollup.rebuild(time_zone)


async def _choose(actor: Actor, before: Organization, key: str, value: str | None) -> None:
    if key not in _CHECKS:
        raise ValidationFailed(f"'{key}' is not a setting; there are: {', '.join(_CHECKS)}.", path=(key,))
    checked = _CHECKS[key](value)
    old = getattr(before, key)
    if checked == old:
        return
    if key == "base_currency" and await Order.exists():
        raise ValidationFailed(
            f"The base currency is {old} and orders are stored in it; a database with another one is needed.",
            path=("baseCurrency",),
        )
    setting, _ = await OrganizationSetting.update_or_create(key=key, defaults={"value": checked})
    await record(actor, "setting.changed", "organization_setting", setting.id, changes={key: [old, checked]})
    await events.emit(actor, EventType.SETTING_CHANGED, "organization_setting", setting.id, data={key: checked})
