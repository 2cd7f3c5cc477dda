"""Customers at the panel: identities, custom fields, segments, the page of one customer."""

from __future__ import annotations

from typing import Any

from crm import custom_fields, customers
from crm.database import execute
from crm.lifecycle import default
from models import Customer, FieldType, FollowUp, Identity, Interaction, SegmentMembership, Stage, StagePosition
from tests.admin.desk import Desk, fields_of
from tests.factories import NOW, OWNER, customer, email, order, segment


def identity(*rows: tuple[str, str, str]) -> dict[str, Any]:
    """The form's fields of rows of (kind, value, source)."""
    parts = zip(*rows, strict=True)
    named = {
        f"identities.{name}": list(values) for name, values in zip(("kind", "value", "source"), parts, strict=True)
    }
    return {**named, "identities.id": [""] * len(rows)}


async def test_a_customer_is_created_with_identities_and_custom_fields(sara: Desk) -> None:
    await custom_fields.define(OWNER, key="vip", type=FieldType.BOOLEAN, fields={"label": "VIP"})
    rows = identity(("EMAIL", "ali@example.com", ""), ("EXTERNAL", "77", "shop"))
    answer = await sara.fill("/customer/create", {"given_name": "Ali", "custom_fields.vip": "true", **rows})
    assert answer.status_code == 303, answer.text
    found = await Customer.get().prefetch_related("identities")
    assert (found.custom_fields, len(found.identities)) == ({"vip": True}, 2)


async def test_an_address_is_replaced_and_the_others_stay(sara: Desk) -> None:
    ali = await customer("Ali", email("ali@example.com"), email("a@example.org"))
    form = await sara.form("/customer/edit", pk=str(ali.id))
    form["identities.value"] = ["new@example.com" if "ali@" in v else v for v in form["identities.value"]]
    answer = await sara.post("/customer/edit", form, pk=str(ali.id))
    assert answer.status_code == 303, answer.text
    assert set(await Identity.all().values_list("value", flat=True)) == {"new@example.com", "a@example.org"}


async def test_an_address_that_belongs_to_another_is_marked_in_its_row(sara: Desk) -> None:
    await customer("Bob", email("bob@example.com"))
    ali = await customer("Ali", email("ali@example.com"))
    form = await sara.form("/customer/edit", pk=str(ali.id))
    for name, value in (("kind", "EMAIL"), ("value", "bob@example.com"), ("source", ""), ("id", "")):
        form[f"identities.{name}"].append(value)
    answer = await sara.post("/customer/edit", form, pk=str(ali.id))
    assert answer.status_code == 422
    assert answer.text.split('value="bob@example.com"')[1].split("</div>")[0].count("invalid-feedback") == 1
    assert await Identity.filter(customer_id=ali.id).count() == 1


async def test_a_custom_field_that_does_not_fit_is_marked_and_stays_typed(sara: Desk) -> None:
    await custom_fields.define(OWNER, key="seats", type=FieldType.NUMBER, fields={"label": "Seats"})
    answer = await sara.fill("/customer/create", {"given_name": "Ali", "custom_fields.seats": "many"})
    assert (answer.status_code, fields_of(answer.text)["custom_fields.seats"]) == (422, ["many"])
    assert not await Customer.exists()


async def test_a_rare_language_survives_an_edit_of_something_else(sara: Desk) -> None:
    ali = await customer("Ali", language="cy")
    await sara.fill("/customer/edit", {"city": "Cardiff"}, pk=str(ali.id))
    assert (await Customer.get(id=ali.id)).language == "cy"


async def test_the_search_finds_a_name_in_another_spelling(sara: Desk) -> None:
    await customer("علي Rezaei")
    await customer("Bob Brown")
    page = (await sara.get("/customer/list", q="علی")).text
    assert ("Rezaei" in page, "Bob Brown" in page) == (True, False)


async def test_an_archived_customer_leaves_the_list_and_its_page_still_opens(sara: Desk) -> None:
    ali = await customer("Ali")
    await sara.post("/_api/customer/row-action", pk=str(ali.id), name="archive")
    assert "Ali" not in (await sara.get("/customer/list")).text
    assert "Archived" in (await sara.get("/customer/detail", pk=str(ali.id))).text


async def test_customers_are_put_into_a_hand_picked_segment(sara: Desk) -> None:
    ali, vip = await customer("Ali"), await segment()
    await sara.post("/_api/customer/action", {"segment": str(vip.id)}, pks=[str(ali.id)], name="add_to_segment")
    assert await SegmentMembership.exists(customer_id=ali.id, exited_at=None)


async def test_the_page_of_a_customer_shows_what_passed_between_you(sara: Desk) -> None:
    await default.install(OWNER)
    ali = await customer("Ali", email("ali@example.com"))
    await order(ali, "12.5", reference="R-1", days_ago=3)
    page = (await sara.get("/customer/detail", pk=str(ali.id))).text
    for shown in ("ali@example.com", "Suspect", "R-1", "$12.50", "Entered the lifecycle at Suspect"):
        assert shown in page


async def test_markup_in_a_name_is_shown_and_not_run(sara: Desk) -> None:
    name = "<script>alert(1)</script>"
    ali = await customers.create(OWNER, fields={"display_name": name}, now=NOW)
    for path in ("/customer/list", "/", f"/customer/detail?pk={ali.id}", f"/customer/edit?pk={ali.id}"):
        page = (await sara.get(path)).text if "?" not in path else (await sara.client.get(f"/admin{path}")).text
        assert name not in page
        assert "&lt;script&gt;" in page


async def test_a_percent_sign_in_the_name_of_a_stage_is_shown_as_it_is(sara: Desk) -> None:
    await default.install(OWNER)
    ali = await customer("Ali")
    await Stage.all().update(name="Half %(off)s, 50% more")
    await execute("UPDATE stage_position SET entered_at = now() - interval '9 years' WHERE customer_id = $1", ali.id)
    for page in (await sara.get("/customer/detail", pk=str(ali.id)), await sara.get("/")):
        assert page.status_code == 200
        assert "Half %(off)s, 50% more" in page.text


async def test_an_interaction_is_logged_from_the_page(sara: Desk) -> None:
    ali = await customer("Ali")
    values = {"kind": "CALL", "channel": "PHONE", "direction": "INBOUND", "subject": "Asked"}
    answer = await sara.post(f"/customer/{ali.id}/log", values)
    assert answer.json()["redirect"].endswith(f"pk={ali.id}")
    found = await Interaction.get().prefetch_related("staff")
    assert (found.subject, found.staff.name if found.staff else None) == ("Asked", "Sara")


async def test_an_interaction_is_logged_with_what_follows_it(sara: Desk) -> None:
    ali = await customer("Ali")
    values = {"kind": "CALL", "channel": "PHONE", "direction": "INBOUND", "subject": "Asked"}
    refused = await sara.post(f"/customer/{ali.id}/log", {**values, "follow_up_at": "2999-01-01T00:00"})
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["follow_up_at"])
    assert not await Interaction.exists()
    await sara.post(f"/customer/{ali.id}/log", {**values, "follow_up_at": "2027-01-01T10:00"})
    promised = await FollowUp.get().prefetch_related("owner")
    assert (promised.subject, promised.owner.name if promised.owner else None) == ("Asked", "Sara")


async def test_an_interaction_in_the_future_is_refused_at_its_field(sara: Desk) -> None:
    ali = await customer("Ali")
    values = {"kind": "CALL", "channel": "PHONE", "direction": "INBOUND", "occurred_at": "2999-01-01T00:00"}
    answer = await sara.post(f"/customer/{ali.id}/log", values)
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["occurred_at"])
    assert not await Interaction.exists()


async def test_a_move_is_tried_before_it_is_made(sara: Desk) -> None:
    await default.install(OWNER)
    ali = await customer("Ali")
    trial = (await sara.post(f"/customer/{ali.id}/move", {"to": "lost", "dry_run": "1"})).json()
    assert [each["code"] for each in trial["obstacles"]] == ["REASON_MISSING"]
    refused = await sara.post(f"/customer/{ali.id}/move", {"to": "lost"})
    assert refused.status_code == 409
    await sara.post(f"/customer/{ali.id}/move", {"to": "lost", "reason": "no answer"})
    position = await StagePosition.get(customer_id=ali.id).prefetch_related("stage")
    assert position.stage.key == "lost"


async def test_a_move_from_a_stale_page_is_refused(sara: Desk) -> None:
    await default.install(OWNER)
    ali = await customer("Ali")
    answer = await sara.post(f"/customer/{ali.id}/move", {"to": "prospect", "from": "client"})
    assert answer.status_code == 409
