"""Editors of rules are helped with what the organisation has, and told every fault with its place."""

from __future__ import annotations

import pytest

from crm import custom_fields
from crm.access import Scope
from crm.database import execute
from crm.errors import Forbidden
from crm.lifecycle import default
from crm.segments import completing
from models import FieldType
from tests.crm.segments_world import dynamic
from tests.factories import NOW, OWNER, actor, customer, everything_but, segment


async def texts(text: str, *, locale: str = "en") -> list[str]:
    found = await completing.suggest(OWNER, text, len(text), locale=locale, now=NOW)
    return [one.text for one in found.suggestions]


async def test_segments_and_custom_fields_are_suggested(db: str) -> None:
    await segment("vip")
    await custom_fields.define(OWNER, key="tier", type=FieldType.CHOICE, fields={"choices": ["gold"]})
    assert await texts("in segment ") == ['"vip"']
    assert await texts("customFields.") == ["customFields.tier"]
    assert await texts("customFields.tier = ") == ['"gold"']


async def test_common_values_of_a_code_are_suggested_to_those_who_see_everybody(db: str) -> None:
    for number in range(20):
        await customer(f"P{number}", country="NL")
    await execute("ANALYZE customer")
    assert '"NL"' in await texts("country = ")
    limited = actor(*OWNER.scopes, row_filter={"country": {"eq": "DE"}})
    found = await completing.suggest(limited, "country = ", 10, locale="en", now=NOW)
    assert '"NL"' not in [one.text for one in found.suggestions]


async def test_completion_needs_the_scope_of_segments(db: str) -> None:
    with pytest.raises(Forbidden, match="segment:read"):
        await completing.suggest(everything_but(Scope.SEGMENT_READ), "", 0, locale="en", now=NOW)


async def test_a_rule_is_read_in_both_forms(db: str) -> None:
    text = '# good ones\ncountry = "IR" and orders.count() >= 2'
    found = await completing.read(OWNER, text, now=NOW)
    assert found.faults == ()
    assert found.rule is not None
    back = await completing.read(OWNER, found.rule, now=NOW)
    assert (back.text, back.rule) == (text, found.rule)


async def test_every_fault_has_its_place_in_both_forms(db: str) -> None:
    found = await completing.read(OWNER, 'cuntry = "IR" and\n  orders.some(amount contains 3)', now=NOW)
    assert [(one.path, one.line, one.column) for one in found.faults] == [
        (("AND", "0", "cuntry"), 1, 1),
        (("AND", "1", "orders", "some", "amount"), 2, 15),
    ]


async def test_a_field_that_the_author_may_not_read_is_a_fault_with_scope_and_place(db: str) -> None:
    found = await completing.read(everything_but(Scope.ORDER_READ), 'country = "IR" and orders.some()', now=NOW)
    assert [(one.code, one.missing_scope, one.line, one.column) for one in found.faults] == [
        ("FORBIDDEN", "order:read", 1, 20)
    ]


async def test_a_text_that_cannot_be_read_says_where_and_is_kept(db: str) -> None:
    found = await completing.read(OWNER, "country =", now=NOW)
    assert (found.rule, found.text) == (None, "country =")
    assert (found.faults[0].line, found.faults[0].column) == (1, 10)


async def test_a_segment_that_would_ask_for_itself_is_a_fault(db: str) -> None:
    await dynamic("loop", 'country = "IR"')
    found = await completing.read(OWNER, 'in segment "loop"', now=NOW, key="loop")
    assert "cannot ask for its own members" in found.faults[0].message


async def test_a_stage_that_never_was_is_told_with_the_nearest(db: str) -> None:
    await default.install(OWNER)
    for text in ('stage = "clent"', 'ever in stage "clent"', 'stageMoves.some(toStage in ("clent"))'):
        found = await completing.read(OWNER, text, now=NOW)
        assert "Did you mean 'client'?" in found.faults[0].message
    assert (await completing.read(OWNER, 'stage("x") = "client"', now=NOW)).faults
    assert not (await completing.read(OWNER, 'stage = "client"', now=NOW)).faults
