"""A stored rule asks the database with the organisation's own catalogue."""

from __future__ import annotations

import pytest

from crm.database import fetch_value
from crm.errors import CrmError
from crm.rules.predicate import predicate, surroundings
from models import Customer, FieldDefinition, FieldType, OrganizationSetting

COUNT = "SELECT count(*) FROM customer c WHERE c.display_name <> $1 AND "


async def test_parameters_are_numbered_after_the_callers_own(db: str) -> None:
    await Customer.create(display_name="Ali", sort_name="ali", country="IR")
    condition, values = await predicate({"country": {"eq": "IR"}}, alias="c", first_parameter=2)
    assert await fetch_value(COUNT + condition, "Sara", *values) == 1


async def test_custom_fields_are_known_as_soon_as_they_are_defined(db: str) -> None:
    await FieldDefinition.create(key="tier", label="Tier", type=FieldType.CHOICE, choices=["gold"])
    await Customer.create(display_name="Ali", sort_name="ali", custom_fields={"tier": "gold"})
    condition, values = await predicate({"customFields": {"tier": {"eq": "gold"}}}, alias="c", first_parameter=2)
    assert await fetch_value(COUNT + condition, "Sara", *values) == 1


async def test_a_rule_over_a_field_that_is_gone_says_so(db: str) -> None:
    with pytest.raises(CrmError, match="There is no custom field 'tier'"):
        await predicate({"customFields": {"tier": {"eq": "gold"}}}, alias="c", first_parameter=1)


async def test_the_organisations_zone_and_currency_hold(db: str) -> None:
    await OrganizationSetting.create(key="time_zone", value="Asia/Tehran")
    await OrganizationSetting.create(key="base_currency", value="IRR")
    _, context = await surroundings()
    assert (context.zone, context.base_currency) == ("Asia/Tehran", "IRR")
