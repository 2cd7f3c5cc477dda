"""Values that fit their type but no column are refused by name, and leave nothing."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crm import custom_fields, customers, exchange_rates, orders, organization
from crm.errors import ValidationFailed
from crm.orders import LineInput
from models import Customer, ExchangeRate, FieldDefinition, FieldType, Order
from tests import factories
from tests.factories import NOW, OWNER

HUGE = LineInput(unit_price=Decimal(10**14 - 1), quantity=Decimal(10**11 - 1))


@pytest.mark.parametrize("given", [[1], "x", 7])
async def test_custom_fields_must_be_an_object(db: str, given: Any) -> None:
    with pytest.raises(ValidationFailed, match="must be an object") as refused:
        await customers.create(OWNER, fields={"given_name": "Ali", "custom_fields": given}, now=NOW)
    assert refused.value.path == ("customFields",)
    assert not await Customer.exists()


@pytest.mark.parametrize(
    ("fields", "path"),
    [({"labels": "x"}, "labels"), ({"labels": {"en": {"a": 1}}}, "labels"), ({"position": 2**31}, "position")],
)
async def test_a_field_that_cannot_be_kept_is_refused(db: str, fields: Any, path: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await custom_fields.define(OWNER, key="tier", type=FieldType.TEXT, fields=fields)
    assert refused.value.path == (path,)
    assert not await FieldDefinition.exists()


@pytest.mark.parametrize(
    ("fields", "lines", "path"),
    [
        ({"amount": Decimal(1), "currency": "EUR", "exchange_rate": Decimal("1e-13")}, [], ("exchangeRate",)),
        ({"amount": Decimal(10**13), "currency": "EUR", "exchange_rate": Decimal(10**8)}, [], ("exchangeRate",)),
        ({}, [HUGE], ("lines", "0", "quantity")),
        ({}, [LineInput(unit_price=Decimal(9 * 10**13))] * 2, ("amount",)),
    ],
)
async def test_amounts_beyond_what_can_be_kept_are_refused(db: str, fields: Any, lines: Any, path: Any) -> None:
    alice = await factories.customer()
    with pytest.raises(ValidationFailed) as refused:
        await orders.record(OWNER, alice.id, fields=fields, lines=lines, now=NOW)
    assert refused.value.path == path
    assert not await Order.exists()


async def test_a_rate_that_rounds_to_nothing_is_refused(db: str) -> None:
    with pytest.raises(ValidationFailed, match="above 0"):
        await exchange_rates.put(OWNER, currency="EUR", day=date(2026, 1, 1), rate=Decimal("1e-30"), now=NOW)
    assert not await ExchangeRate.exists()


async def test_a_rate_of_a_day_far_ahead_is_refused(db: str) -> None:
    with pytest.raises(ValidationFailed, match="more than a year ahead"):
        await exchange_rates.put(OWNER, currency="EUR", day=date(2999, 1, 1), rate=Decimal("0.9"), now=NOW)
    assert not await ExchangeRate.exists()


@pytest.mark.parametrize("name", ["", "x" * 10_000])
async def test_an_organisation_needs_a_name_of_fitting_length(db: str, name: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await organization.change(OWNER, name=name)
    assert refused.value.path == ("name",)


async def test_an_idempotency_key_is_printable(db: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await customers.create(OWNER, fields={"given_name": "Ali"}, now=NOW, idempotency_key="a\x00b")
    assert refused.value.path == ("idempotencyKey",)


@pytest.mark.parametrize("zone", ["", "   ", "Nowhere/Town", "x" * 5000])
async def test_an_organisation_keeps_a_time_zone(db: str, zone: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        await organization.change(OWNER, time_zone=zone)
    assert refused.value.path == ("timeZone",)
    assert (await organization.current()).time_zone == "UTC"
