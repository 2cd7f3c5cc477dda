"""A search puts the best matches first; of words that very many have, the newest."""

from __future__ import annotations

from typing import Any

import pytest

from crm.identities import IdentityInput
from models import IdentityKind
from schema.select import search
from tests import factories
from tests.schema.asking import ask

PAGE = """
query($s: String, $first: Int, $after: String, $last: Int, $before: String) {
  customers(search: $s, first: $first, after: $after, last: $last, before: $before) {
    nodes { displayName }
    pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
  }
}
"""


async def page(sought: str, **arguments: Any) -> tuple[list[str], dict[str, Any]]:
    found = (await ask(PAGE, {"s": sought, **arguments})).data["customers"]
    return [node["displayName"] for node in found["nodes"]], found["pageInfo"]


async def forward(sought: str, size: int) -> list[str]:
    names, info = await page(sought, first=size)
    while info["hasNextPage"]:
        more, info = await page(sought, first=size, after=info["endCursor"])
        assert info["hasPreviousPage"]
        names += more
    return names


async def backward(sought: str, size: int) -> list[str]:
    names, info = await page(sought, last=size)
    while info["hasPreviousPage"]:
        more, info = await page(sought, last=size, before=info["startCursor"])
        assert info["hasNextPage"]
        names = more + names
    return names


async def people(*names: str) -> None:
    for name in names:
        await factories.customer(name)


@pytest.mark.parametrize("sought", ["北京", "数据", "据公司", "北京数据公司"])
async def test_words_are_found_in_text_that_is_written_without_spaces(db: str, sought: str) -> None:
    await factories.customer("北京数据公司")
    await factories.customer("上海公司")
    assert await forward(sought, 5) == ["北京数据公司"]


async def test_the_best_match_comes_first(db: str) -> None:
    await people("Alireza Karimi", "Ali Karimi", "Alina Karim")
    assert (await page("ali karimi"))[0][0] == "Ali Karimi"


@pytest.mark.parametrize("most", [0, 2, 4, 2_000])
async def test_pages_hold_every_match_once_however_common_its_words(
    db: str, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    await people("Ali One", "Ali Two", "Alina Three", "Ali Four", "Bob")
    monkeypatch.setattr(search, "MOST_RANKED", most)
    found = await forward("ali", 2)
    assert sorted(found) == ["Ali Four", "Ali One", "Ali Two", "Alina Three"]
    assert await backward("ali", 2) == found
    assert await forward("ali", 1) == found


async def test_of_words_that_too_many_have_the_newest_come_first(db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    await people("Ali One", "Alina Two", "Ali Three")
    monkeypatch.setattr(search, "MOST_RANKED", 2)
    assert await forward("ali", 2) == ["Ali Three", "Alina Two", "Ali One"]


@pytest.mark.parametrize("most", [0, 1, 3, 2_000])
async def test_pages_hold_everything_alike_once_however_much_of_it_there_is(
    db: str, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    await people("Karim One", "Ali Karimi", "Karim Two", "Karim Three", "Bob")
    monkeypatch.setattr(search, "MOST_ALIKE", most)
    found = await forward("karimi", 2)
    assert sorted(found) == ["Ali Karimi", "Karim One", "Karim Three", "Karim Two"]
    assert found[0] == "Ali Karimi"
    assert await backward("karimi", 2) == found
    assert await forward("karimi", 1) == found


async def test_what_is_merely_alike_follows_newest_first_where_there_is_too_much_of_it(
    db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people("Karim One", "Ali Karimi", "Karim Two", "Karim Three")
    monkeypatch.setattr(search, "MOST_ALIKE", 2)
    assert await forward("karimi", 3) == ["Ali Karimi", "Karim Three", "Karim Two", "Karim One"]


ADDRESSES = {"Zoe": "zoe.oneil@example.com", "Bob": "bob@example.com", "Ali": "ali+shop@example.com"}


@pytest.mark.parametrize(
    ("sought", "first"),
    [
        ("zoe.oneil@example.com", "Zoe"),
        ("ZOE.ONEIL@EXAMPLE.COM", "Zoe"),
        ("zoe.oneil@exa", "Zoe"),
        ("zoe.on", "Zoe"),
        ("bob@", "Bob"),
        ("ali bob@example.com", None),
        ("ali ali+shop@example", "Ali"),
        ("+98 912 345 6789", "Bob"),
        ("00989123456", "Bob"),
        ("0912 345 67 89", "Bob"),
    ],
)
async def test_an_address_or_a_number_finds_whose_it_is(db: str, sought: str, first: str | None) -> None:
    for name, address in ADDRESSES.items():
        phones = [IdentityInput(IdentityKind.PHONE, "+989123456789")] if name == "Bob" else []
        await factories.customer(name, IdentityInput(IdentityKind.EMAIL, address), *phones)
    found = (await page(sought))[0]
    assert found[:1] == ([first] if first else [])


@pytest.mark.parametrize("sought", ["'", "\\", "a'b\\", "@", "a@'", "!& |", "-", "+", "(", ":*", "a:b", "<->"])
async def test_signs_in_a_search_are_no_more_than_signs(db: str, sought: str) -> None:
    await people("Ali")
    assert (await page(sought))[0] in ([], ["Ali"])
