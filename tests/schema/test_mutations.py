"""Writing through GraphQL: the object as it is now, or problems that say what to do."""

from typing import Any

import pytest

from crm import ids
from crm.access import READ_SCOPES, Scope
from crm.lifecycle import default
from models import ApiToken, AuditEntry, Customer, Event, Interaction, Order, Product, SegmentMembership
from models.base import new_id
from tests import factories
from tests.factories import OWNER
from tests.schema.asking import ask

CREATE = """mutation ($input: CustomerCreateInput!) {
  customerCreate(input: $input) {
    customer { id displayName version identities { value } }
    problems { code message path existingId }
  }
}"""
UPDATE = """mutation ($input: CustomerUpdateInput!) {
  customerUpdate(input: $input) { customer { city version } problems { code path currentVersion } }
}"""


async def change(document: str, actor: Any = OWNER, **given: Any) -> dict[str, Any]:
    """The payload of a document with one mutation."""
    data = (await ask(document, {"input": given}, actor)).data
    payload: dict[str, Any] = next(iter(data.values()))
    return payload


async def test_a_created_customer_comes_back_as_it_was_asked_for(db: str) -> None:
    emails = [{"kind": "EMAIL", "value": "alice@example.com"}]
    payload = await change(CREATE, givenName="Alice", identities=emails)
    assert payload["problems"] == []
    assert payload["customer"]["displayName"] == "Alice"
    assert payload["customer"]["identities"] == [{"value": "alice@example.com"}]


async def test_what_was_written_is_read_back_in_one_statement_a_record(db: str) -> None:
    answer = await ask(CREATE, {"input": {"givenName": "Alice"}})
    reads = [statement for statement in answer.statements if statement.lstrip().startswith("SELECT json")]
    assert len(reads) <= 1
    assert answer.data["customerCreate"]["customer"]["version"] == 1


async def test_a_taken_email_names_its_holder(db: str) -> None:
    alice = await factories.customer("Alice", factories.email("alice@example.com"))
    emails = [{"kind": "EMAIL", "value": "ALICE@example.com"}]
    (problem,) = (await change(CREATE, givenName="Bob", identities=emails))["problems"]
    assert (problem["code"], problem["existingId"]) == ("DUPLICATE", ids.encode("cus", alice.id))
    assert problem["path"] == ["identities", "0", "value"]
    assert await Customer.all().count() == 1


async def test_a_field_left_out_stays_and_null_empties_it(db: str) -> None:
    alice = await factories.customer("Alice", city="Qom", country="IR")
    key = ids.encode("cus", alice.id)
    payload = await change(UPDATE, id=key, expectedVersion=1, city=None)
    assert payload["customer"] == {"city": None, "version": 2}
    assert (await Customer.get(id=alice.id)).country == "IR"


async def test_null_for_what_cannot_be_null_is_a_problem(db: str) -> None:
    alice = await factories.customer()
    (problem,) = (await change(UPDATE, id=ids.encode("cus", alice.id), expectedVersion=1, kind=None))["problems"]
    assert problem == {"code": "VALIDATION_FAILED", "path": ["kind"], "currentVersion": None}


async def test_a_conflict_tells_the_current_version(db: str) -> None:
    alice = await factories.customer()
    key = ids.encode("cus", alice.id)
    await change(UPDATE, id=key, expectedVersion=1, city="Qom")
    (problem,) = (await change(UPDATE, id=key, expectedVersion=1, city="Yazd"))["problems"]
    assert (problem["code"], problem["currentVersion"]) == ("VERSION_CONFLICT", 2)


@pytest.mark.parametrize(
    ("key", "code"),
    [("cus_" + str(new_id()), "NOT_FOUND"), ("ord_" + str(new_id()), "WRONG_KIND"), ("77", "VALIDATION_FAILED")],
)
async def test_ids_that_lead_nowhere_are_problems(db: str, key: str, code: str) -> None:
    (problem,) = (await change(UPDATE, id=key, expectedVersion=1, city="Qom"))["problems"]
    assert (problem["code"], problem["path"]) == (code, ["id"])


ORDER = """mutation ($input: OrderRecordInput!) { orderRecord(input: $input) {
  order { amount { amount currency } quantity lines { nodes { quantity } } customer { displayName } }
  problems { code path message } } }"""


async def test_an_order_comes_back_with_exact_amounts(db: str) -> None:
    key = ids.encode("cus", (await factories.customer("Alice")).id)
    payload = await change(ORDER, customerId=key, lines=[{"unitPrice": "3.35", "quantity": "2"}])
    assert payload["order"]["amount"] == {"amount": "6.7", "currency": "USD"}
    assert payload["order"]["customer"] == {"displayName": "Alice"}


@pytest.mark.parametrize("amount", ["-1", "NaN", "Infinity", "1e30", "0.00001"])
async def test_an_impossible_amount_is_a_problem(db: str, amount: str) -> None:
    key = ids.encode("cus", (await factories.customer()).id)
    answer = await ask(ORDER, {"input": {"customerId": key, "amount": amount}})
    problems = answer.body.get("errors") or answer.data["orderRecord"]["problems"]
    assert "amount" in problems[0]["message"]
    assert not await Order.exists()


async def test_a_move_that_is_blocked_says_why_and_where_else(db: str) -> None:
    await default.install(OWNER)
    key = ids.encode("cus", (await factories.customer()).id)
    document = """mutation ($input: StageMoveInput!) { stageMove(input: $input) { moved openTo
      obstacles { code } problems { code } customer { stage { stage { key } } } } }"""
    blocked = await change(document, customerId=key, to="client")
    moved = await change(document, customerId=key, to="prospect")
    assert (blocked["moved"], blocked["obstacles"]) == (False, [{"code": "NO_EDGE"}])
    assert "prospect" in blocked["openTo"]
    assert moved["customer"]["stage"]["stage"]["key"] == "prospect"


async def test_customers_enter_and_leave_a_static_segment(db: str) -> None:
    key = ids.encode("cus", (await factories.customer()).id)
    segment = ids.encode("seg", (await factories.segment("vip")).id)
    document = """mutation ($input: SegmentMembersInput!) {
      %s(input: $input) { changedIds segment { size } problems { message } } }"""
    entered = await change(document % "segmentMembersAdd", segmentId=segment, customerIds=[key])
    left = await change(document % "segmentMembersRemove", segmentId=segment, customerIds=[key])
    assert (entered["changedIds"], entered["segment"]["size"]) == ([key], 1)
    assert (left["changedIds"], left["segment"]["size"]) == ([key], 0)


async def test_a_token_is_told_once_and_kept_as_a_hash(db: str) -> None:
    document = "mutation ($input: TokenCreateInput!) { tokenCreate(input: $input) { secret token { lastFour } } }"
    payload = await change(document, name="Shop", scopes=["customer:read"])
    kept = await ApiToken.get(name="Shop")
    assert payload["secret"].endswith(payload["token"]["lastFour"])
    assert payload["secret"] not in str(vars(kept))


async def test_a_change_its_audit_entry_and_its_event_are_visible(db: str) -> None:
    alice = await factories.customer()
    await change(UPDATE, id=ids.encode("cus", alice.id), expectedVersion=1, city="Qom")
    document = """{ auditEntries(last: 1, orderBy: [{field: CREATED_AT}]) { nodes { action changes } }
      events(last: 1, orderBy: [{field: CREATED_AT}]) { nodes { type data } } }"""
    seen = (await ask(document)).data
    assert seen["auditEntries"]["nodes"][0]["changes"] == {"city": [None, "Qom"]}
    assert seen["events"]["nodes"][0]["type"] == "customer.updated"


WRITES = [
    ('customerCreate(input: {givenName: "Eve"})', Scope.CUSTOMER_WRITE),
    ('customerUpdate(input: {id: "%(cus)s", expectedVersion: 1, city: "x"})', Scope.CUSTOMER_WRITE),
    ('customerArchive(input: {id: "%(cus)s", expectedVersion: 1})', Scope.CUSTOMER_WRITE),
    ('customerDelete(input: {id: "%(cus)s", expectedVersion: 1})', Scope.CUSTOMER_WRITE),
    ('orderRecord(input: {customerId: "%(cus)s", amount: "1"})', Scope.ORDER_WRITE),
    ('costRecord(input: {customerId: "%(cus)s", amount: "1"})', Scope.COST_WRITE),
    ('productCreate(input: {sku: "a", name: "A"})', Scope.PRODUCT_WRITE),
    (
        'interactionLog(input: {customerId: "%(cus)s", channel: WEB, direction: INBOUND, kind: WEB})',
        Scope.INTERACTION_WRITE,
    ),
    ('segmentCreate(input: {key: "a", name: "A"})', Scope.SEGMENT_WRITE),
    ('stageMove(input: {customerId: "%(cus)s", to: "prospect"})', Scope.STAGE_MOVE),
    ('tokenCreate(input: {name: "a", scopes: []})', Scope.TOKEN_MANAGE),
    ('webhookEndpointCreate(input: {name: "a", url: "https://a.example/", eventTypes: ["*"]})', Scope.WEBHOOK_WRITE),
    ('staffCreate(input: {name: "a", email: "a@example.com", role: "agent"})', Scope.STAFF_MANAGE),
    ('fieldDefine(input: {key: "a", type: TEXT, label: "A"})', Scope.SETTINGS_WRITE),
    ('organizationUpdate(input: {name: "Eve"})', Scope.SETTINGS_WRITE),
    ('exchangeRatePut(input: {currency: "EUR", day: "2026-01-01", rate: "1"})', Scope.SETTINGS_WRITE),
]


@pytest.mark.parametrize(("mutation", "scope"), WRITES)
async def test_without_its_scope_a_mutation_names_it_and_changes_nothing(db: str, mutation: str, scope: Scope) -> None:
    await default.install(OWNER)
    key = ids.encode("cus", (await factories.customer()).id)
    before = await rows()
    document = "mutation { %s { problems { code missingScope } } }" % (mutation % {"cus": key})
    answer = await ask(document, actor=factories.everything_but(scope))
    (payload,) = answer.data.values()
    assert payload["problems"] == [{"code": "FORBIDDEN", "missingScope": scope.value}]
    assert await rows() == before


async def rows() -> list[int]:
    tables = (Customer, Order, Interaction, Product, SegmentMembership, ApiToken, Event, AuditEntry)
    return [await table.all().count() for table in tables]


async def test_a_reader_without_the_right_to_read_what_comes_back_writes_nothing(db: str) -> None:
    blind = factories.actor(Scope.CUSTOMER_WRITE)
    answer = await ask(CREATE, {"input": {"givenName": "Alice"}}, blind)
    assert answer.code == "FORBIDDEN"
    assert not await Customer.exists()


async def test_a_partner_with_a_row_filter_neither_sees_nor_changes_others(db: str) -> None:
    alice = await factories.customer("Alice", country="IR")
    bob = await factories.customer("Bob", country="DE")
    scopes = READ_SCOPES | {Scope.CUSTOMER_WRITE}
    partner = factories.actor(*scopes, row_filter={"country": {"eq": "IR"}})
    names = (await ask("{ customers { nodes { displayName } } }", actor=partner)).data["customers"]["nodes"]
    assert names == [{"displayName": "Alice"}]
    for customer, codes in [(alice, []), (bob, ["NOT_FOUND"])]:
        payload = await change(UPDATE, partner, id=ids.encode("cus", customer.id), expectedVersion=1, city="Qom")
        assert [problem["code"] for problem in payload["problems"]] == codes
    assert (await Customer.get(id=bob.id)).city is None


LOG = """mutation ($input: InteractionLogInput!) {
  interactionLog(input: $input) {
    interaction { subject followUps { nodes { subject dueAt } } }
    problems { code path }
  }
}"""
TOUCH = {"channel": "PHONE", "direction": "OUTBOUND", "kind": "CALL", "subject": "Asked for a price"}


async def test_what_follows_a_touchpoint_is_made_with_it(db: str) -> None:
    alice = ids.encode("cus", (await factories.customer("Alice")).id)
    due = {"dueAt": "2026-12-01T09:00:00Z", "subject": "Send the offer"}
    made = (await change(LOG, customerId=alice, **TOUCH, followUp=due))["interaction"]
    assert made["followUps"]["nodes"] == [{"subject": "Send the offer", "dueAt": "2026-12-01T09:00:00.000000Z"}]


async def test_a_bad_follow_up_refuses_its_touchpoint(db: str) -> None:
    alice = ids.encode("cus", (await factories.customer("Alice")).id)
    (problem,) = (await change(LOG, customerId=alice, **TOUCH, followUp={"dueAt": "2099-01-01T00:00:00Z"}))["problems"]
    assert problem == {"code": "VALIDATION_FAILED", "path": ["followUp", "dueAt"]}
    assert not await Interaction.exists()
