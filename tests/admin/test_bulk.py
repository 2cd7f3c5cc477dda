"""One change of many customers: tried first, then done; what cannot be done is told with its reason."""

from __future__ import annotations

from crm.lifecycle import default
from models import AuditEntry, Customer, StageTransition
from tests.admin.conftest import At
from tests.admin.desk import Desk
from tests.factories import OWNER, customer


async def test_the_chosen_customers_come_to_the_page_of_the_change(sara: Desk) -> None:
    ali = await customer("Ali")
    page = await sara.post("/_api/customer/action", pks=[str(ali.id)], name="bulk")
    assert (page.status_code, str(ali.id) in page.text) == (200, True)


async def test_a_trial_tells_what_would_happen_and_changes_nothing(sara: Desk) -> None:
    ali = await customer("Ali")
    answer = await sara.post("/bulk/change", {"verb": "archive", "key": [str(ali.id)], "dry_run": "1"})
    assert answer.json() == {"changed": 1, "refused": []}
    assert (await Customer.get(id=ali.id)).archived_at is None
    assert not await AuditEntry.exists(action="customer.archived")


async def test_what_can_be_moved_is_moved_and_the_rest_named(sara: Desk) -> None:
    await default.install(OWNER)
    ali, zoe = await customer("Ali"), await customer("Zoe")
    await sara.post("/bulk/change", {"verb": "move", "target": "prospect", "key": [str(zoe.id)]})
    answer = await sara.post("/bulk/change", {"verb": "move", "target": "prospect", "key": [str(ali.id), str(zoe.id)]})
    found = answer.json()
    assert (found["changed"], [each["name"] for each in found["refused"]]) == (1, ["Zoe"])
    assert await StageTransition.filter(customer_id=ali.id).count() == 2


async def test_who_may_not_change_them_changes_none(at: At) -> None:
    ali, viewer = await customer("Ali"), await at("viewer")
    answer = await viewer.post("/bulk/change", {"verb": "archive", "key": [str(ali.id)]})
    assert answer.status_code == 403
    assert (await Customer.get(id=ali.id)).archived_at is None
