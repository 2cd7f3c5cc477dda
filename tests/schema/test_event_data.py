"""Events tell no value of an identity to those who may not read identities."""

from __future__ import annotations

from typing import Any

import pytest

from crm import events
from crm.access import Actor, Scope
from crm.events import EventType
from crm.merging import Absorbed, merge
from crm.visibility import shown_data
from models import Event
from tests.factories import NOW, OWNER, customer, email, everything_but
from tests.schema.asking import ask

DATA = "{ events(first: 100) { nodes { type data } } }"
WITHOUT = everything_but(Scope.PII_READ)


async def told(actor: Actor) -> list[Any]:
    return [node["data"] for node in (await ask(DATA, actor=actor)).data["events"]["nodes"]]


async def test_an_event_of_a_merge_holds_no_address(db: str) -> None:
    survivor = await customer("Alice", email("alice@example.com"))
    other = await customer("Alice E.", email("other@example.com"))
    await merge(OWNER, survivor.id, [Absorbed(other.id)], now=NOW)
    assert await Event.exists(type="customer.merged")
    for actor in (OWNER, WITHOUT):
        assert "@example.com" not in str(await told(actor))


@pytest.mark.parametrize(
    ("noun", "data", "kept"),
    [
        ("customer", {"identities": ["a"], "changes": {"identities": [[], ["a"]], "city": ["X", "Y"]}, "absorbed": []},
         {"changes": {"city": ["X", "Y"]}, "absorbed": []}),
        ("identity", {"value": "a", "normalized": "a", "changes": {"value": ["a", "b"]}}, {"changes": {}}),
        ("customer", {"value": "a goal", "changes": ["identities"]}, {"value": "a goal", "changes": ["identities"]}),
        ("customer", {}, {}),
    ],
)  # fmt: skip
async def test_values_of_identities_are_left_out_without_the_scope(
    db: str, noun: str, data: dict[str, Any], kept: dict[str, Any]
) -> None:
    ali = await customer("Ali")
    await Event.all().delete()
    await events.emit(OWNER, EventType.CUSTOMER_UPDATED, noun, ali.id, customer_id=ali.id, data=data)
    assert await told(WITHOUT) == [kept] == [shown_data(WITHOUT, noun, data)]
    assert await told(OWNER) == [data]
