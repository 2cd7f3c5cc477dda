"""Files of interactions: touchpoints with ratings come in once, what cannot be taken is told by its line."""

from typing import Any

import pytest

from crm import interactions
from crm.access import Scope
from crm.errors import DuplicateFound, Forbidden, ValidationFailed
from crm.imports import ImportKind, Options, Style, as_csv, import_file
from models import AuditEntry, Event, ImportRun, Interaction
from tests import factories
from tests.crm.test_followups import staff
from tests.factories import NOW, OWNER, email

FILE = b"""E-mail,Ticket,Date,Channel,Type,Agent,NPS,Rating: delivery,Rating: price,Comment
a@example.com,T1,2026-01-02T09:30:00Z,web,survey,,9,8,6,Fast
a@example.com,T2,2026-01-03,phone,,carol@example.org,,,,Asked about the price
a@example.com,T3,2026-01-04,pigeon,,,,,,
a@example.com,T4,2026-01-05,web,survey,,11,,,
a@example.com,T5,2026-01-06,web,survey,,9,12,,
stranger@example.com,T6,2026-01-07,web,,,,,,
a@example.com,T7,2027-01-07,web,,,,,,
a@example.com,T8,2026-01-08,email,complaint,nobody@example.org,,,,
"""


async def load(data: bytes = FILE, **more: Any) -> ImportRun:
    actor = more.pop("actor", OWNER)
    return await import_file(actor, ImportKind.INTERACTIONS, data, name="calls.csv", now=NOW, **more)


async def test_ratings_come_in_and_what_cannot_be_taken_is_told_by_its_line(db: str) -> None:
    carol = await staff("carol")
    alice = await factories.customer("Alice", email("a@example.com"))
    run = await load()
    assert (run.rows_read, run.rows_created, run.rows_refused) == (8, 2, 6)
    refused = [(row["line"], row["field"]) for row in run.refused]
    expected = ["channel", "rating", "attributeRatings.delivery", "customer", "occurredAt", "staff"]
    assert refused == list(zip(range(4, 10), expected, strict=True))
    survey, call = await Interaction.filter(customer_id=alice.id).order_by("occurred_at")
    assert (survey.rating_kind, survey.rating, survey.attribute_ratings) == ("NPS", 9, {"delivery": 8, "price": 6})
    assert (call.kind, call.direction, call.staff_id) == ("CALL", "INBOUND", carol.id)
    assert await Event.filter(type="interaction.logged", customer_id=alice.id).count() == 2
    assert await AuditEntry.filter(noun="interaction").count() == 2
    assert as_csv(run.refused).count("\r\n") == 7


async def test_another_file_with_the_same_references_takes_nothing_in_twice(db: str) -> None:
    await staff("carol")
    await factories.customer("Alice", email("a@example.com"))
    await load()
    again = await load(FILE + b"a@example.com,T9,2026-01-09,chat,,,,,,\n")
    assert (again.rows_created, again.rows_unchanged, again.rows_refused) == (1, 2, 6)
    other = await load(FILE, options=Options(source="another"))
    assert other.rows_created == 2


async def test_a_dry_run_keeps_nothing(db: str) -> None:
    await factories.customer("Alice", email("a@example.com"))
    run = await load(dry_run=True)
    assert run.rows_created == 1
    assert not await Interaction.exists()


async def test_rows_without_a_reference_are_known_by_file_and_line(db: str) -> None:
    await factories.customer("Alice", email("a@example.com"))
    data = b"customer email,date,channel\na@example.com,2026-01-02,visit\na@example.com,2026-01-02,visit\n"
    assert (await load(data)).rows_created == 2
    again = await load(data, options=Options(style=Style(date_order="DMY")))
    assert (again.rows_created, again.rows_unchanged) == (0, 2)


@pytest.mark.parametrize("data", [b"email,date\na@example.com,2026-01-02\n", b"date,channel\n2026-01-02,web\n"])
async def test_a_file_that_lacks_what_is_needed_is_refused_whole(db: str, data: bytes) -> None:
    with pytest.raises(ValidationFailed, match="No column gives"):
        await load(data)


async def test_without_its_scope_nobody_imports_interactions(db: str) -> None:
    await factories.customer("Alice", email("a@example.com"))
    with pytest.raises(Forbidden):
        await load(actor=factories.everything_but(Scope.INTERACTION_WRITE))
    assert not await Interaction.exists()


async def test_a_reference_is_taken_once_by_the_api_too(db: str) -> None:
    alice = await factories.customer("Alice")
    fields: Any = {"channel": "WEB", "direction": "INBOUND", "kind": "CHAT", "source": "desk", "reference": "T1"}
    await interactions.log(OWNER, alice.id, fields=fields, now=NOW)
    with pytest.raises(DuplicateFound):
        await interactions.log(OWNER, alice.id, fields=fields, now=NOW)
    assert await Interaction.all().count() == 1
