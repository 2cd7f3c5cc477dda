"""Events and the audit trail tell no value of an identity to those who may not read identities."""

from __future__ import annotations

from typing import Any

import pytest

from crm import audit, events
from crm.access import Actor, Scope
from crm.events import EventType
from crm.merging import Absorbed, merge
from crm.visibility import shown_changes, shown_data
from models import AuditEntry, Event
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


MASKED = [
    ("customer", {"identities": ["a"], "changes": {"identities": [None, "a"], "city": ["X", "Y"]}, "absorbed": []},
     {"identities": ["•••"], "changes": {"identities": [None, "•••"], "city": ["X", "Y"]}, "absorbed": []}),
    ("identity", {"value": "a", "normalized": None, "changes": {"value": ["a", "b"]}},
     {"value": "•••", "normalized": None, "changes": {"value": ["•••", "•••"]}}),
    ("customer", {"value": "a goal", "identities": [], "changes": ["identities"]},
     {"value": "a goal", "identities": [], "changes": ["identities"]}),
    ("customer", {}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("noun", "data", "kept"), MASKED)
async def test_values_of_identities_are_masked_in_events_without_the_scope(
    db: str, noun: str, data: dict[str, Any], kept: dict[str, Any]
) -> None:
    ali = await customer("Ali")
    await Event.all().delete()
    await events.emit(OWNER, EventType.CUSTOMER_UPDATED, noun, ali.id, customer_id=ali.id, data=data)
    assert await told(WITHOUT) == [kept] == [shown_data(WITHOUT, noun, data)]
    assert await told(OWNER) == [data]


TRAIL = "{ auditEntries(first: 100) { nodes { noun changes } } }"


async def test_the_audit_trail_masks_what_events_mask_and_shows_the_rest(db: str) -> None:
    ali = await customer("Ali")
    await AuditEntry.all().delete()
    changes = {"value": [None, "ali@example.com"], "is_primary": [None, True]}
    await audit.record(OWNER, "identity.added", "identity", ali.id, customer_id=ali.id, changes=changes)
    seen = [(await ask(TRAIL, actor=actor)).data["auditEntries"]["nodes"][0]["changes"] for actor in (WITHOUT, OWNER)]
    assert seen == [shown_changes(WITHOUT, "identity", changes), changes]
    assert seen[0] == {"value": [None, "•••"], "is_primary": [None, True]}
