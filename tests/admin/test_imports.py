"""The wizard of imports: read, mapped, tried, taken in, and refused rows corrected where they stand."""

from __future__ import annotations

from typing import Any

import httpx

from models import AuditEntry, Customer, ImportRun, Interaction
from tests import factories
from tests.admin.conftest import At
from tests.admin.desk import Desk, Reader

FILE = "Name,Mail,Born\nReza Good,reza@example.com,1990-05-01\nBad Mail,not-an-address,1990-01-01\n"
COLUMNS = {"column": ["Name", "Mail", "Born"], "target": ["displayName", "identity.email", "birthday"]}


async def send(desk: Desk, step: str, text: str = FILE, **given: Any) -> httpx.Response:
    headers = {"X-CSRFToken": desk.client.cookies["starlette_admin_csrftoken"]}
    files = {"file": ("people.csv", text.encode())}
    data = {"kind": "customers", **given}
    return await desk.client.post(f"/admin/imports/{step}", data=data, files=files, headers=headers)


async def corrected(desk: Desk, changes: dict[str, str]) -> ImportRun:
    """Import the file, then send its refused row back with some cells changed."""
    await send(desk, "run", **COLUMNS)
    run = await ImportRun.get()
    page = (await desk.get("/import_run/detail", pk=str(run.id))).text
    reader = Reader()
    reader.feed(page)
    held = next(form["line-3"] for form in reader.forms if "line-3" in form)
    cells = [changes.get(cell, cell) for cell in held]
    await desk.post(f"/imports/{run.id}/correct", {"line-3": cells})
    return run


async def test_the_columns_are_shown_with_examples_and_what_they_seem_to_mean(sara: Desk) -> None:
    page = (await send(sara, "read")).text
    assert "Reza Good · Bad Mail" in page
    assert '<option value="displayName" selected>' in page


async def test_trying_a_file_out_tells_the_refused_rows_and_stores_nothing(sara: Desk) -> None:
    page = (await send(sara, "try", **COLUMNS)).text
    assert "not an e-mail address" in page
    assert (await Customer.exists(), await ImportRun.exists()) == (False, False)


async def test_an_import_leads_to_its_page_with_the_refused_rows_to_correct(sara: Desk) -> None:
    answer = await send(sara, "run", **COLUMNS)
    run = await ImportRun.get()
    assert (run.rows_created, run.rows_refused) == (1, 1)
    page = await sara.client.get(answer.json()["redirect"])
    assert 'value="not-an-address"' in page.text


async def test_a_corrected_row_is_taken_in_and_leaves_the_list(sara: Desk) -> None:
    run = await corrected(sara, {"not-an-address": "good@example.com"})
    found = await ImportRun.get()
    assert (found.rows_refused, found.refused, await Customer.all().count()) == (0, [], 2)
    assert await AuditEntry.exists(noun_id=run.id, action="import.corrected")


async def test_a_row_corrected_wrongly_stays_with_its_new_reason(sara: Desk) -> None:
    await corrected(sara, {"not-an-address": "bad@example.com", "1990-01-01": "soon"})
    (row,) = (await ImportRun.get()).refused
    assert ("not a date" in row["reason"], row["row"]["Mail"], row["line"]) == (True, "bad@example.com", 3)
    assert await Customer.all().count() == 1


async def test_refused_rows_are_downloaded_with_line_and_reason(sara: Desk) -> None:
    await send(sara, "run", **COLUMNS)
    text = (await sara.get(f"/imports/{(await ImportRun.get()).id}/refused.csv")).text
    header, row = text.lstrip("\ufeff").splitlines()
    assert (header.split(",")[:2], set(header.split(",")[2:])) == (["line", "reason"], {"Name", "Mail", "Born"})
    assert row.startswith("3,")


CALLS = "Mail,Date,Channel,NPS,Rating: delivery,Price (net)\na@example.com,2026-01-02,web,9,8,6\n"


async def test_the_columns_of_interactions_are_understood_and_each_may_be_a_rating_of_one_thing(sara: Desk) -> None:
    sara.client.cookies.set("language", "fa", domain="crm.test", path="/")
    page = (await send(sara, "read", text=CALLS, kind="interactions")).text
    assert '<option value="nps" selected>NPS (۰ تا ۱۰)</option>' in page
    assert '<option value="attributeRatings.delivery" selected>امتیاز delivery</option>' in page
    assert '<option value="attributeRatings.Price net" >امتیاز Price net</option>' in page


async def test_a_file_of_interactions_is_taken_in_with_its_ratings(sara: Desk) -> None:
    await factories.customer("Alice", factories.email("a@example.com"))
    given = {
        "column": ["Mail", "Date", "Channel", "NPS", "Rating: delivery", "Price (net)"],
        "target": [
            "customer.email",
            "occurredAt",
            "channel",
            "nps",
            "attributeRatings.delivery",
            "attributeRatings.Price",
        ],
    }
    answer = await send(sara, "run", text=CALLS, kind="interactions", **given)
    assert answer.status_code == 200, answer.text
    made = await Interaction.get()
    assert (made.rating_kind, made.rating, made.attribute_ratings) == ("NPS", 9, {"delivery": 8, "Price": 6})


async def test_a_file_that_is_no_table_says_so_beside_the_form(sara: Desk) -> None:
    answer = await send(sara, "read", text="")
    assert (answer.status_code, "The file is empty" in answer.text) == (422, True)


async def test_a_reason_is_told_in_the_readers_language(sara: Desk) -> None:
    sara.client.cookies.set("language", "fa", domain="crm.test", path="/")
    assert "نشانی ایمیل نیست" in (await send(sara, "try", **COLUMNS)).text


async def test_who_may_not_import_reaches_none_of_it(at: At) -> None:
    viewer = await at("viewer")
    for step in ("read", "try", "run"):
        assert (await send(viewer, step, **COLUMNS)).status_code == 403
    assert not await Customer.exists()
