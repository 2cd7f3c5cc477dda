"""A customer's timeline at the panel: every kind of entry, what the reader chose, and an organisation's people."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest

from crm import followups, interactions, relationships
from crm.lifecycle import default
from models import Channel, Customer, CustomerKind, Direction, InteractionKind, RelationshipKind
from tests.admin.desk import Desk
from tests.factories import NOW, OWNER, customer, order

CALL: Any = {"channel": Channel.PHONE, "direction": Direction.INBOUND, "kind": InteractionKind.CALL}


@pytest.fixture
async def ali(db: str) -> Customer:
    await default.install(OWNER)
    ali = await customer("Ali")
    await interactions.log(OWNER, ali.id, fields={**CALL, "subject": "Asked the price"}, now=NOW)
    await order(ali, "12.50", days_ago=3)
    await followups.create(OWNER, ali.id, subject="Ring back", due_at=NOW + timedelta(days=2), now=NOW)
    return ali


async def test_the_page_shows_entries_of_every_kind(sara: Desk, ali: Customer) -> None:
    page = (await sara.get("/customer/detail", pk=str(ali.id))).text
    told = ["Asked the price", "12.50", "Ring back", "Entered the lifecycle at Suspect"]
    assert [text for text in told if text not in page] == []


async def test_the_reader_chooses_what_to_see(sara: Desk, ali: Customer) -> None:
    part = (await sara.get(f"/customer/{ali.id}/timeline", kind=["order", "follow_up"])).text
    assert ("12.50" in part, "Ring back" in part, "Asked the price" in part) == (True, True, False)
    none = (await sara.get(f"/customer/{ali.id}/timeline", kind="none")).text
    assert "Nothing of this kind happened" in none


async def test_older_entries_follow_where_the_page_ended(sara: Desk, ali: Customer) -> None:
    for number in range(25):
        await interactions.log(OWNER, ali.id, fields={**CALL, "subject": f"Call no. {number}."}, now=NOW)
    first = await sara.get(f"/customer/{ali.id}/timeline", kind="interaction")
    (link,) = re.findall(r'data-arz-more href="([^"]+)"', first.text)
    rest = await sara.client.get(html.unescape(link))
    shown = [text.count(f"Call no. {number}.") for number in range(25) for text in (first.text + rest.text,)]
    assert (shown, "data-arz-more" in rest.text) == ([1] * 25, False)


async def test_an_organisations_timeline_has_that_of_its_people_when_asked(sara: Desk, ali: Customer) -> None:
    firm = await customer("Firm", kind=CustomerKind.ORGANIZATION, organization_name="Firm")
    await relationships.create(OWNER, ali.id, firm.id, kind=RelationshipKind.EMPLOYED_BY, fields={})
    assert "Asked the price" not in (await sara.get(f"/customer/{firm.id}/timeline")).text
    part = (await sara.get(f"/customer/{firm.id}/timeline", kind=["interaction", "people"])).text
    assert ("Asked the price" in part, ">Ali<" in part) == (True, True)


async def test_a_damaged_place_begins_anew(sara: Desk, ali: Customer) -> None:
    whole, damaged = [await sara.get(f"/customer/{ali.id}/timeline", **query) for query in ({}, {"after": "x"})]
    assert (damaged.status_code, damaged.text) == (200, whole.text)
