"""Changing many records at once tells of each what keeps it, and nothing of those that the actor does not see."""

from __future__ import annotations

from crm import many
from crm.access import Scope
from crm.many import Verb
from tests.factories import NOW, actor, customer


async def test_a_record_outside_the_row_filter_is_refused_without_its_name(db: str) -> None:
    seen, hidden = await customer("Sara", country="IR"), await customer("Ali", country="DE")
    partner = actor(*Scope, row_filter={"country": {"eq": "IR"}})
    done = await many.change(partner, Verb.ARCHIVE, [seen.id, hidden.id], now=NOW)
    assert (done.changed, [(one.id, one.name) for one in done.refused]) == (1, [(hidden.id, "")])


async def test_a_record_that_is_seen_is_refused_by_its_name(db: str) -> None:
    sara = await customer("Sara")
    done = await many.change(actor(*Scope), Verb.MOVE, [sara.id], target="nowhere", now=NOW)
    assert [(one.id, one.name) for one in done.refused] == [(sara.id, "Sara")]
