"""Settings, custom fields, staff and one's own account."""

from __future__ import annotations

from crm import organization
from models import FieldDefinition, StaffMember, StaffSession
from tests.admin.conftest import At
from tests.admin.desk import PASSWORD, Desk, sign_in
from tests.factories import customer, order


async def test_the_organisations_settings_are_changed(sara: Desk) -> None:
    await sara.fill("/organisation", {"name": "Acme", "time_zone": "Asia/Tehran"})
    found = await organization.current()
    assert (found.name, found.time_zone) == ("Acme", "Asia/Tehran")


async def test_a_refused_setting_is_marked_and_nothing_is_saved(sara: Desk) -> None:
    await order(await customer())
    page = await sara.fill("/organisation", {"name": "Acme", "base_currency": "EUR"})
    assert (page.status_code, "orders are stored in it" in page.text) == (422, True)
    assert (await organization.current()).name != "Acme"


async def test_a_custom_field_is_defined_with_labels_in_other_languages(sara: Desk) -> None:
    values = {"label": "Tier", "key": "tier", "type": "CHOICE", "choices": "gold\nsilver", "label_fa": "رده"}
    answer = await sara.fill("/field_definition/create", values)
    assert answer.status_code == 303, answer.text
    found = await FieldDefinition.get(key="tier")
    assert (found.choices, found.labels) == (["gold", "silver"], {"fa": "رده"})


async def test_a_staff_member_is_hired_and_can_sign_in(sara: Desk, at: At) -> None:
    role = (await StaffMember.get(email="sara@example.com")).role_id
    values = {"name": "Tom", "email": "tom@example.com", "role": str(role), "password": PASSWORD}
    answer = await sara.fill("/staff_member/create", values)
    assert answer.status_code == 303, answer.text
    assert (await sign_in(sara.client, "tom@example.com")).status_code == 303


async def test_a_password_is_shown_nowhere(sara: Desk) -> None:
    tom = await StaffMember.get(email="sara@example.com")
    for path in ("/staff_member/list", f"/staff_member/detail?pk={tom.id}", f"/staff_member/edit?pk={tom.id}"):
        assert "argon2" not in (await sara.client.get(f"/admin{path}")).text


async def test_changing_ones_password_ends_the_other_sessions(sara: Desk) -> None:
    await StaffSession.all().update(token_hash="another")
    await sign_in(sara.client, "sara@example.com")
    values = {"current": PASSWORD, "password": "another four words", "again": "another four words"}
    assert (await sara.post("/account/password", values)).status_code == 303
    assert (await StaffSession.get(token_hash="another")).revoked_at is not None


async def test_a_wrong_current_password_is_marked(sara: Desk) -> None:
    values = {"current": "wrong", "password": "another four words", "again": "another four words"}
    page = await sara.post("/account/password", values)
    assert (page.status_code, "The current password is wrong." in page.text) == (422, True)
