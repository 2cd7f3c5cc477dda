"""One change of many records: tried first, then done; what cannot be done is told with its reason."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm import costs, followups, interactions, products
from crm.lifecycle import default
from models import AuditEntry, Customer, FollowUp, FollowUpStatus, Order, OrderStatus, Product, StageTransition
from models.base import Record
from tests.admin.conftest import At
from tests.admin.desk import Desk
from tests.factories import NOW, OWNER, customer, order

DONE: dict[str, Any] = {"changed": 1, "unchanged": 0, "refused": []}


async def one_of(noun: str) -> Record:
    """A record of a noun of which many can be changed."""
    ali = await customer("Ali")
    call: Any = {"kind": "CALL", "channel": "PHONE", "direction": "INBOUND"}
    cost: Any = {"amount": Decimal(3), "activity": "SERVICE"}
    tea: Any = {"sku": "TEA", "name": "Tea"}
    made = {
        "order": lambda: order(ali),
        "product": lambda: products.create(OWNER, fields=tea),
        "cost_entry": lambda: costs.record(OWNER, ali.id, fields=cost, now=NOW),
        "interaction": lambda: interactions.log(OWNER, ali.id, fields=call, now=NOW),
        "follow_up": lambda: followups.create(OWNER, ali.id, subject="Call", due_at=NOW + timedelta(days=1), now=NOW),
    }
    return await made[noun]()


async def test_the_chosen_customers_come_to_the_page_of_the_change(sara: Desk) -> None:
    ali = await customer("Ali")
    page = await sara.post("/_api/customer/action", pks=[str(ali.id)], name="bulk")
    assert (page.status_code, str(ali.id) in page.text) == (200, True)


async def test_a_trial_tells_what_would_happen_and_changes_nothing(sara: Desk) -> None:
    ali = await customer("Ali")
    answer = await sara.post("/bulk/change", {"verb": "archive", "key": [str(ali.id)], "dry_run": "1"})
    assert answer.json() == DONE
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


@pytest.mark.parametrize("noun", ["order", "product", "cost_entry", "interaction", "follow_up"])
async def test_many_of_every_noun_are_deleted_after_a_trial_that_deletes_none(sara: Desk, noun: str) -> None:
    one = await one_of(noun)
    page = await sara.post(f"/_api/{noun}/action", pks=[str(one.id)], name="bulk")
    assert (page.status_code, str(one.id) in page.text) == (200, True)
    asked: Any = {"noun": noun, "verb": "delete", "key": [str(one.id)]}
    assert (await sara.post("/bulk/change", {**asked, "dry_run": "1"})).json() == DONE
    assert await type(one).exists(id=one.id)
    await sara.post("/bulk/change", asked)
    assert not await type(one).exists(id=one.id)


async def test_follow_ups_are_closed_together_and_one_that_is_closed_already_is_named(sara: Desk) -> None:
    one, other = await one_of("follow_up"), await one_of("follow_up")
    await followups.close(OWNER, other.id, expected_version=None, now=NOW)
    asked: Any = {"noun": "follow_up", "verb": "done", "key": [str(one.id), str(other.id)], "reason": "called"}
    found = (await sara.post("/bulk/change", asked)).json()
    assert (found["changed"], [each["name"] for each in found["refused"]]) == (1, ["Call"])
    done = await FollowUp.get(id=one.id)
    assert (done.status, done.outcome) == (FollowUpStatus.DONE, "called")


async def test_orders_are_cancelled_together_and_one_that_is_cancelled_already_is_not_counted(sara: Desk) -> None:
    one = await one_of("order")
    asked: Any = {"noun": "order", "verb": "cancel", "key": [str(one.id)]}
    assert (await sara.post("/bulk/change", asked)).json() == DONE
    assert (await Order.get(id=one.id)).status is OrderStatus.CANCELLED
    assert (await sara.post("/bulk/change", asked)).json() == {"changed": 0, "unchanged": 1, "refused": []}


async def test_a_product_that_is_archived_already_keeps_its_day(sara: Desk) -> None:
    one = await one_of("product")
    asked: Any = {"noun": "product", "verb": "archive", "key": [str(one.id)]}
    await sara.post("/bulk/change", asked)
    archived = (await Product.get(id=one.id)).archived_at
    assert (await sara.post("/bulk/change", asked)).json()["unchanged"] == 1
    assert (await Product.get(id=one.id)).archived_at == archived


@pytest.mark.parametrize(("noun", "verb"), [("order", "move"), ("nothing", "delete"), ("product", "owner")])
async def test_what_cannot_be_done_to_many_of_a_noun_is_refused(sara: Desk, noun: str, verb: str) -> None:
    answer = await sara.post("/bulk/change", {"noun": noun, "verb": verb, "key": []})
    assert (answer.status_code, "cannot be done" in answer.json()["error"]) == (422, True)
