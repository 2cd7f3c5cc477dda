"""What the searches of lists and forms find, and for whom."""

from __future__ import annotations

import pytest

from admin import searching
from admin.segments import members
from crm import finding, roles
from crm.access import Scope
from models import Customer, Event, SegmentMembership
from tests.admin.conftest import At
from tests.admin.desk import Desk
from tests.factories import OWNER, customer, email, everything_but, order, segment

ADDRESS = "secret@example.org"
LISTS = ("/customer/list", "/order/list", "/value_snapshot/list", "/interaction/list", "/relationship/list")


async def blind(at: At) -> Desk:
    """Somebody who may do everything but read identities."""
    scopes = [scope.value for scope in Scope if scope is not Scope.PII_READ]
    await roles.create(OWNER, key="blind", fields={"name": "Blind", "scopes": scopes})
    return await at("blind", "Bea")


async def someone() -> Customer:
    ali = await customer("Tehran Ali", email(ADDRESS))
    await order(ali, reference="4711")
    return ali


@pytest.mark.parametrize(("path", "row"), [("/customer/list", "Tehran Ali"), ("/order/list", "4711")])
async def test_lists_find_by_identity_only_for_who_may_read_identities(at: At, path: str, row: str) -> None:
    await someone()
    bea, sara = await blind(at), await at()
    assert row in (await sara.get(path, q="secret@example")).text
    assert row not in (await bea.get(path, q="secret@example")).text
    assert row in (await bea.get(path, q="tehran")).text


async def test_no_list_of_customers_records_is_found_by_an_identity_without_the_right(at: At) -> None:
    await someone()
    bea = await blind(at)
    for path in LISTS:
        answer = await bea.get(path, q=ADDRESS)
        assert (answer.status_code, "Tehran Ali" in answer.text) == (200, False)


async def test_pasted_identities_mean_nobody_to_who_may_not_read_them(at: At) -> None:
    made, ali = await segment("vip"), await someone()
    bea = await blind(at)
    for pasted in (ADDRESS, "secret"):
        answer = await bea.post(f"/segments/{made.id}/members", {"identities": pasted, "do": "add"})
        assert (answer.status_code, pasted in answer.json()["errors"]["identities"]) == (422, True)
    assert not await SegmentMembership.exists()
    assert (await members.meant(everything_but(Scope.PII_READ), f"tehran ali\ncus_{ali.id}")).customers == [ali.id]


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("hass", True),  # inside a Latin word of three letters and more
        ("te", True),  # one or two letters: the beginning of a word
        ("as", False),
        ("مهد", True),  # of another script: the beginning of a word
        ("هدی", False),
        ("tehran مهدیس", True),
        ("tehran nobody", False),
        ("张", True),
        ("%", False),
        ("'", False),
        ("،", False),
    ],
)
async def test_words_are_found_as_far_as_an_index_answers(sara: Desk, term: str, found: bool) -> None:
    ali = await customer("مهدیس Alhassan Tehran 张桂珍")
    await order(ali, reference="4711")
    assert ("Alhassan" in (await sara.get("/customer/list", q=term)).text) is found
    assert ("4711" in (await sara.get("/order/list", q=term)).text) is found
    assert bool(await finding.find(OWNER, term)) is (found and len(term) > 1)


@pytest.mark.parametrize("path", LISTS)
async def test_a_search_that_finds_nobody_shows_an_empty_list(sara: Desk, path: str) -> None:
    await someone()
    answer = await sara.get(path, q="nobody of that name")
    assert (answer.status_code, "Tehran Ali" in answer.text) == (200, False)


async def test_more_records_than_are_looked_at_are_told(sara: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ali = await someone()
    await order(ali, reference="4712", days_ago=3)
    monkeypatch.setattr(searching, "MOST", 1)
    page = (await sara.get("/order/list", q="tehran")).text
    assert ("1+" in page, "4711" in page, "4712" in page) == (True, True, False)


HAPPENED = [("owner", True), ("customer.cre", True), ("Customer created", True), ("nobody", False)]


@pytest.mark.parametrize(("term", "found"), HAPPENED)
async def test_happenings_are_found_by_who_and_what(sara: Desk, term: str, found: bool) -> None:
    await Event.all().delete()
    await customer("Ali")
    page = (await sara.get("/event/list", q=term)).text
    assert ("/event/detail?pk=" in page) is found
