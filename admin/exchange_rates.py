"""Exchange rates: what one unit of a currency was worth from a day on."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette_admin.i18n import lazy_gettext as lazy

from admin import choices, formats
from admin.fields import Amount, listed
from admin.layout import row
from admin.writing import UseCaseView
from crm import exchange_rates
from crm.access import Actor, Scope
from crm.changes import get
from models import ExchangeRate
from models.base import Record


class RateView(UseCaseView):
    """What other currencies are worth in the base currency."""

    record = ExchangeRate
    reads = Scope.ORDER_READ
    writes = Scope.SETTINGS_WRITE
    icon = "fa-solid fa-money-bill-transfer"
    menu_label = lazy("Exchange rates")
    display_name = lazy("exchange rate")
    empty_hint = lazy("Note what one unit of another currency is worth in yours, from a day on.")
    parts = (
        listed("currency", choices.currencies, filters=choices.TEXT_FILTERS, required=True),
        "day",
        Amount("rate", decimals=10, required=True),
        "created_at",
        "updated_at",
    )
    form_layout = (row("currency", "day", "rate"),)
    exclude_fields_from_edit = ("currency", "day")
    sortable_fields = ("currency", "day")
    fields_default_sort = (("day", True),)
    found_by = ("currency",)

    def name_of(self, obj: Any) -> str:
        return f"{formats.isolated(obj.currency)} – {formats.day(obj.day)}"

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        return await exchange_rates.put(
            actor, currency=values["currency"], day=values["day"], rate=values["rate"], now=at
        )

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        held = await get(ExchangeRate, key)
        if values.get("rate") is None:
            return held
        return await exchange_rates.put(actor, currency=held.currency, day=held.day, rate=values["rate"], now=at)

    async def remove(self, actor: Actor, key: UUID, at: datetime) -> None:
        await exchange_rates.delete(actor, key)
