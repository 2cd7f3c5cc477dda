"""Addresses of generated lists that somebody made by hand: a page or a clear refusal, never a fault."""

from __future__ import annotations

import html
import itertools
import random
import re
from collections.abc import Iterator
from datetime import date

import pytest
from starlette_admin import DropDown

from admin import views
from admin.base import RecordView
from crm.lifecycle import default
from models import Customer
from tests.admin.desk import Desk
from tests.factories import OWNER, customer

HUGE = "9" * 30
VALUES = (
    *("", "x", "-", "nan", "inf", "1e400", "1_0", "٣", "1.5", "40000", HUGE, f"-{HUGE}", "null", "true", "0x10"),
    *("2026-13-45", "0001-01-01", "0001-01-01T00:00", "9999-12-31T23:59", "2026-01-01T00:00+99:00", "T", "1405/13/01"),
    *("\0", "%", "'", '"', "\\", ",", "a,b", "a..b", "..", "نام", "💥", "{{7*7}}", "<b>", "a" * 3000),
)
BROKEN = (
    *(
        "(",
        "((((",
        ")",
        "AND",
        "OR OR",
        "name",
        "__",
        "__eq=1",
        "name__=1",
        "name__eq",
        "((name__eq=1)",
        "=",
        "x__y__z",
    ),
    *("(" * 30, " AND ".join(["created_at__since=2026-01-01"] * 60), "name__nothing=1", "nothing__eq=1", "\0", "💥"),
)
PER_LIST = 6
KEYS = ("", "x", "-1", "\0", HUGE, "00000000-0000-0000-0000-000000000000", "'; DROP TABLE customer; --")
LISTS = ("sort=x", "sort=__desc", "sort=identities__asc", "sort=created_at__up", "page=-1", f"page={HUGE}", "page=x")
MORE = (
    "page_size=7",
    f"page_size={HUGE}",
    "page_size=-1",
    "page_size=x",
    "cols=x",
    "cols=,,",
    "q=%00",
    "q=%25",
    "q=\\",
)


def lists() -> list[RecordView]:
    flat = [view for each in views() for view in (each.views if isinstance(each, DropDown) else [each])]
    return [view for view in flat if isinstance(view, RecordView)]


def conditions(view: RecordView) -> Iterator[str]:
    """Every filter of every field that the list can be narrowed by, with every bad value."""
    registry = view.get_filter_registry()
    for field in view.fields:
        for each in registry.filters_for(field) if field.searchable else ():
            for value in VALUES:
                yield f"{field.name}__{each.name}={'1..' if each.has_value2 else ''}{value}"


def said(page: str) -> str:
    """What a page of an error tells."""
    found = re.search(r"empty-subtitle[^>]*>(.*?)</p>", page, re.DOTALL)
    return html.unescape(found[1]) if found else ""


@pytest.fixture
async def persian(sara: Desk) -> Desk:
    sara.client.cookies.set("language", "fa")
    return sara


async def test_a_filter_is_applied_or_refused_in_the_readers_language(persian: Desk) -> None:
    await default.install(OWNER)
    await customer("Ali")
    dice = random.Random(7)
    for view in lists():
        for rule in dice.sample(list(conditions(view)), PER_LIST):
            page = await persian.get(f"/{view.key}/list", filter=rule)
            assert page.status_code in (200, 400), (view.key, rule)
            assert page.status_code == 200 or re.search("[\u0600-\u06ff]{3}", said(page.text)), (view.key, rule)


@pytest.mark.parametrize("rule", BROKEN)
async def test_a_filter_that_is_no_filter_is_refused_in_the_readers_language(persian: Desk, rule: str) -> None:
    page = await persian.get("/segment/list", filter=rule)
    assert page.status_code in (200, 400)
    assert page.status_code == 200 or re.search("[\u0600-\u06ff]{3}", said(page.text)), said(page.text)


@pytest.mark.parametrize(
    ("noun", "rule", "told"),
    [
        ("customer", "nothing__eq=1", "This list cannot be filtered by “nothing”. It can by: "),
        ("customer", "city__gt=1", "“City” has no filter “gt”. It has: contains, "),
        ("customer", "city__eq", "The filter “eq” of “City” lacks a value. Write one behind it: city__eq=…"),
        ("customer", "kind__eq=NOBODY", "“NOBODY” is no value to filter “Kind” by. It takes: PERSON, ORGANIZATION."),
        ("customer", "birthday__since=soon", "“soon” is no value to filter “Birthday” by. Type a date, such as "),
        ("stage", "position__lt=40000", "“40000” is no value to filter “Position” by. It takes -32768 to 32767."),
        ("stage", "position__lt=nan", "“nan” is no value to filter “Position” by. Type a whole number, such as 12."),
        ("goal", "progress__eq=1", "This list cannot be filtered by “progress”. It can by: "),
        ("customer", "kind", "The filter “kind” in the address cannot be read."),
    ],
)
async def test_a_refused_filter_names_the_field_the_value_and_the_remedy(
    sara: Desk, noun: str, rule: str, told: str
) -> None:
    page = await sara.get(f"/{noun}/list", filter=rule)
    assert (page.status_code, said(page.text)[: len(told)]) == (400, told)


async def test_filters_read_the_digits_and_the_calendar_of_the_reader(persian: Desk) -> None:
    await customer("Reza", birthday=date(1990, 5, 1))
    # Either is 1990-05-01.
    for rule, found in (("birthday__since=۱۳۶۹/۰۲/۱۱", True), ("birthday__before=۱۳۶۹-۰۲-۱۱", False)):
        page = await persian.get("/customer/list", filter=rule)
        assert (page.status_code, "Reza" in page.text) == (200, found)


async def test_a_strange_order_page_or_search_shows_the_list(sara: Desk) -> None:
    for view, query in zip(lists() * 2, itertools.cycle((*LISTS, *MORE)), strict=False):
        page = await sara.client.get(f"/admin/{view.key}/list?{query}")
        assert page.status_code == 200, (view.key, query)


async def test_searching_for_a_relation_takes_any_page_and_key(sara: Desk) -> None:
    for query in (
        "skip=x",
        "skip=-1",
        f"skip={HUGE}",
        "limit=x",
        f"limit={HUGE}",
        "q=%00",
        *(f"pks={key}" for key in KEYS),
    ):
        answer = await sara.client.get("/admin/_api/customer/relation-lookup", params=query)
        assert answer.status_code == 200, query


@pytest.mark.parametrize("key", KEYS)
async def test_an_action_on_what_is_no_key_is_refused_and_changes_nothing(sara: Desk, key: str) -> None:
    ali = await customer("Ali")
    for name in ("archive", "restore", "delete", "nothing", ""):
        for path in ("row-action", "action"):
            answer = await sara.post(f"/_api/customer/{path}", name=name, pk=key, pks=key)
            assert answer.status_code in (303, 400), (path, name, answer.status_code)
    assert (await Customer.get(id=ali.id)).archived_at is None
