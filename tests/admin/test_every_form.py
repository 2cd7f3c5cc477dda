"""What holds of every page and form: nothing typed is run, no form without its guard, no page past its role."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Any

import pytest
from starlette.applications import Starlette

from crm import custom_fields, interactions, products, relationships
from crm.lifecycle import default
from crm.segments import definitions
from crm.webhooks import endpoints
from models import AuditEntry, Customer, DeliveryStatus, FieldType, RelationshipKind, WebhookDelivery
from tests.admin.conftest import At
from tests.admin.desk import Desk, browser, hire, sign_in
from tests.e2e.crawl import crawled
from tests.factories import NOW, OWNER, customer, email, order

# Each breaks out of where a text can stand: between tags, in an attribute, in a script, in a style.
EVIL = "\"'><img src=x onerror=alert(1)></script></textarea></style>{{1337*1337}}"
ROLES = ("viewer", "agent", "manager", "administrator")


class Forms(HTMLParser):
    """The forms of a page that change something, with the names of their hidden fields; and what would run."""

    def __init__(self) -> None:
        super().__init__()
        self.posting: list[set[str]] = []
        self.inside = False
        self.running: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if "onerror" in given or (tag == "img" and given.get("src") == "x"):
            self.running.append(str(given))
        if tag == "form":
            self.inside = (given.get("method") or "").lower() == "post"
            self.posting += [set()] if self.inside else []
        elif tag == "input" and self.inside:
            self.posting[-1].add(given.get("name") or "")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "form"


def read(text: str) -> Forms:
    reader = Forms()
    reader.feed(text)
    return reader


async def evil_records() -> Customer:
    """A record of each noun with markup in every text that it takes."""
    await default.install(OWNER)
    await definitions.create_static(OWNER, key="evil", fields={"name": EVIL, "description": EVIL})
    await products.create(OWNER, fields={"sku": EVIL[:80], "name": EVIL, "category": EVIL[:60]})
    await custom_fields.define(OWNER, key="evil", type=FieldType.TEXT, fields={"label": EVIL})
    texts = {name: EVIL[:60] for name in ("city", "acquisition_source", "acquisition_channel")}
    ali = await customer(f"Ali {EVIL}", email("ali@example.com"), custom_fields={"evil": EVIL}, **texts)
    said = {"kind": "CALL", "channel": "PHONE", "direction": "INBOUND", "subject": EVIL, "body": EVIL, "outcome": EVIL}
    await interactions.log(OWNER, ali.id, fields=said, now=NOW)  # type: ignore[arg-type]
    await order(ali, reference=EVIL, channel=EVIL[:60])
    other = await customer(EVIL)
    hook: Any = {"name": EVIL, "url": "https://example.com/\"'><img", "event_types": ["*"]}
    made = (await endpoints.create(OWNER, fields=hook, now=NOW)).endpoint
    told: Any = {"event_id": ali.id, "event_type": "customer.created", "response_excerpt": EVIL, "error": EVIL}
    await WebhookDelivery.create(endpoint=made, **told, status=DeliveryStatus.FAILED, tries=[{"error": EVIL}])
    await relationships.create(OWNER, ali.id, other.id, kind=RelationshipKind.PARTNER, fields={"note": EVIL})
    return ali


@pytest.fixture
async def sara_everywhere(panel: Starlette, db: str) -> AsyncIterator[Desk]:
    async with browser(panel) as client:
        await sign_in(client, await hire("administrator", "Sara"))
        yield Desk(client)


@pytest.mark.timeout(600)
async def test_nothing_that_was_typed_runs_on_any_page(sara_everywhere: Desk) -> None:
    await evil_records()
    pages, broken = await crawled(sara_everywhere.client)
    assert broken == []
    assert {path: reader.running for path, text in pages.items() if (reader := read(text)).running} == {}
    assert not [path for path, text in pages.items() if "1787569" in text]


@pytest.mark.timeout(600)
async def test_every_form_that_changes_something_carries_its_guard(sara_everywhere: Desk) -> None:
    await evil_records()
    pages, _broken = await crawled(sara_everywhere.client)
    # Forms that a script sends carry it in a header; the two kinds are told by their attribute.
    bare = {path: n for path, text in pages.items() if (n := _unguarded(text))}
    assert bare == {}


def _unguarded(text: str) -> int:
    plain = re.sub(r"<form[^>]*data-arz-form[^>]*>.*?</form>", "", text, flags=re.DOTALL)
    return sum("csrftoken" not in names for names in read(plain).posting)


@pytest.mark.timeout(600)
async def test_every_address_that_changes_something_refuses_a_request_without_the_token(sara_everywhere: Desk) -> None:
    await evil_records()
    pages, _broken = await crawled(sara_everywhere.client)
    before = await AuditEntry.all().count()
    targets = {
        "/admin" + path for text in pages.values() for path in re.findall(r'action="[^"]*?/admin(/[^"?]*)', text)
    }
    assert len(targets) > 5
    for target in sorted(targets):
        answer = await sara_everywhere.client.post(target, data={})
        assert answer.status_code in (403, 405), (target, answer.status_code)
    assert await AuditEntry.all().count() == before


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ROLES)
async def test_what_a_role_sees_opens_and_what_it_does_not_see_is_refused(at: At, role: str) -> None:
    await evil_records()
    everything, _ = await crawled((await at("administrator", "Sara")).client)
    desk = await at(role, "Vida")
    own, broken = await crawled(desk.client)
    assert broken == []
    refused = {path: (await desk.client.get(path)).status_code for path in everything.keys() - own.keys()}
    assert {path: status for path, status in refused.items() if status not in (403, 404) and "/list" in path} == {}
