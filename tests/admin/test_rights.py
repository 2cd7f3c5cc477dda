"""Every address of the panel as every role: nothing is shown or done that the role's scopes do not allow."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route
from starlette_admin import DropDown

from admin import build_admin, views
from admin.base import RecordView
from crm.access import BUILT_IN_ROLES, Scope
from crm.database import fetch, fetch_value
from crm.settings import Settings
from models import Role
from tests.admin.conftest import At
from tests.admin.desk import Desk
from tests.admin.rights import CHANGES, NOUNS, OWN, PAGES, ROLES
from tests.admin.test_every_form import evil_records

EVERYBODY = {**BUILT_IN_ROLES, **ROLES}
GENERATED = {"list", "create", "detail", "edit", "static", "file", "import", "action", "row-action", "relation-lookup"}
GENERATED |= {"inline-edit", "inline-edit-row"}
OF_SIGNING_IN = "('staff_session', 'login_attempt', 'staff_member')"
KEYS = re.compile(r"\{(\w+)\}")


def routes(app: Starlette) -> Iterator[Route]:
    def walk(found: list[BaseRoute]) -> Iterator[Route]:
        for each in found:
            if isinstance(each, Mount):
                yield from walk(list(each.routes))
            elif isinstance(each, Route):
                yield each

    return walk(list(app.routes))


def named(panel: Starlette, method: str) -> dict[str, str]:
    """Name → path of the addresses that take the method, the generated ones aside; no name stands for two."""
    found = [each for each in routes(panel) if method in (each.methods or ()) and each.name not in GENERATED]
    assert len({each.name for each in found}) == len(found)
    return {each.name: each.path for each in found}


def lists() -> list[RecordView]:
    flat = [view for each in views() for view in (each.views if isinstance(each, DropDown) else [each])]
    return [view for view in flat if isinstance(view, RecordView)]


async def keys() -> dict[str, Any]:
    """Noun → the key of one record of it, where there is one."""
    found = {str(view.key): await view.record.all().order_by("id").first() for view in lists()}
    return {noun: record.id for noun, record in found.items() if record is not None}


def filled(name: str, path: str, held: dict[str, Any]) -> str:
    """The address with the key of a record that it is about."""
    noun = {"lifecycle": "lifecycle", "segment": "segment", "token": "api_token", "import": "import_run"}
    about = noun.get(name.split("-")[0], "customer")
    steps = {"key": held.get(about, held["customer"]), "number": "1", "step": "stage"}
    return KEYS.sub(lambda part: str(steps[part[1]]), path)


async def digest() -> str:
    """All that the database holds, but for what signing in leaves."""
    tables = await fetch(
        f"SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN {OF_SIGNING_IN} ORDER BY 1"
    )
    whole = hashlib.sha256()
    for row in tables:
        name = row["tablename"]
        held = await fetch_value(f"SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM \"{name}\" t")
        whole.update(f"{name}={held}".encode())
    return whole.hexdigest()


async def seated(at: At, role: str) -> Desk:
    await evil_records()
    if role in ROLES:
        await Role.create(key=role, name=role, scopes=sorted(ROLES[role]))
    return await at(role, "Vida")


@pytest.fixture(scope="module")
def addresses(base_settings: Settings) -> Starlette:
    return build_admin(base_settings)


def test_every_address_says_what_it_asks_for(addresses: Starlette) -> None:
    """A new page comes with its line here."""
    assert named(addresses, "GET").keys() - {"login"} == PAGES.keys()
    assert named(addresses, "POST").keys() - OWN == CHANGES.keys()
    assert {str(view.key) for view in lists()} == NOUNS.keys()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", EVERYBODY)
async def test_a_page_opens_to_who_has_its_scopes_and_to_nobody_else(at: At, addresses: Starlette, role: str) -> None:
    desk = await seated(at, role)
    held = await keys()
    wrong = {}
    for name, path in named(addresses, "GET").items():
        if name == "login":
            continue
        status = (await desk.get(filled(name, path, held))).status_code
        refused = bool(set(PAGES[name]) - EVERYBODY[role])
        if (status == 403) is not refused or status >= 500:
            wrong[name] = status
    assert wrong == {}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", EVERYBODY)
async def test_a_list_a_record_and_a_form_open_to_who_has_their_scopes(at: At, role: str) -> None:
    desk = await seated(at, role)
    held, scopes, wrong = await keys(), EVERYBODY[role], {}
    for noun, (reads, writes) in NOUNS.items():
        for page in ("list", "create", *(("detail", "edit") if noun in held else ())):
            status = (await desk.get(f"/{noun}/{page}", pk=held.get(noun, ""))).status_code
            may = reads in scopes and (page in ("list", "detail") or writes in scopes)
            if status >= 500 or (status == 200 and not may) or (may and page in ("list", "detail") and status != 200):
                wrong[f"{noun}/{page}"] = status
    assert wrong == {}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", [role for role in EVERYBODY if role != "administrator"])
async def test_what_a_role_may_not_change_stays_as_it_is(at: At, addresses: Starlette, role: str) -> None:
    desk = await seated(at, role)
    held, scopes, before, wrong = await keys(), EVERYBODY[role], await digest(), {}
    for name, path in named(addresses, "POST").items():
        if name in OWN or not set(CHANGES[name]) - scopes:
            continue
        status = (await desk.post(filled(name, path, held), FORM)).status_code
        # Who pressed a button is led back to its page, which says why.
        if status not in (303, 403, 404, 422):
            wrong[name] = status
    assert wrong == {}
    assert await digest() == before


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", [role for role in EVERYBODY if role != "administrator"])
async def test_no_form_and_no_action_of_a_list_changes_what_the_role_may_not(at: At, role: str) -> None:
    desk = await seated(at, role)
    held, scopes, before, wrong = await keys(), EVERYBODY[role], await digest(), {}
    for view in lists():
        noun = str(view.key)
        reads, writes = NOUNS[noun]
        if reads in scopes and writes in scopes:
            continue
        for path, query in changes(view, held.get(noun)):
            if query.get("name") == "export" and {reads, Scope.EXPORT_RUN} <= scopes:
                continue  # it changes nothing, but is noted in the audit trail
            status = (await desk.post(path, FORM, **query)).status_code
            if status not in (303, 400, 403, 404, 422):
                wrong[f"{path} {query}"] = status
    assert wrong == {}
    assert await digest() == before


# What any of the addresses might take.
FORM = {
    **{"name": "Taken", "key": "taken", "label": "Taken", "city": "Bonn", "kind": "CALL", "channel": "PHONE"},
    **{"direction": "INBOUND", "verb": "ARCHIVE", "to": "prospect", "group": "champions", "format": "csv"},
    **{"scope": "all", "base_currency": "USD", "segment": "evil", "decision": "CONFIRM", "fields": "name"},
    "rule_text": 'country = "IR"',
}


def changes(view: RecordView, key: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every address of a generated noun that could change something, but for what only reads."""
    noun = str(view.key)
    yield f"/{noun}/create", {}
    yield f"/_api/{noun}/import", {}
    if key is None:
        return
    yield f"/{noun}/edit", {"pk": key}
    for field in view.inline_editable_fields or ():
        yield f"/_api/{noun}/inline-edit", {"pk": key, "field": field}
    for name in view._row_actions_handlers:
        yield f"/_api/{noun}/row-action", {"pk": key, "name": name}
    for name in view._actions_handlers:
        yield f"/_api/{noun}/action", {"pks": key, "name": name}


@pytest.mark.parametrize("role", EVERYBODY)
async def test_the_menu_leads_only_to_what_opens(at: At, role: str) -> None:
    desk = await seated(at, role)
    page = (await desk.get("/")).text
    links = set(re.findall(r'href="[^"]*?/admin(/[a-z_-]*(?:/[a-z-]+)*)"', page)) - {"/logout"}
    assert "/" in links
    found = {link: (await desk.get(link)).status_code for link in links if "static" not in link}
    assert {link: status for link, status in found.items() if status >= 400} == {}


async def test_a_role_that_makes_nothing_is_offered_nothing_to_make(at: At) -> None:
    desk = await seated(at, "viewer")
    for noun, (reads, _writes) in NOUNS.items():
        if reads not in BUILT_IN_ROLES["viewer"]:
            continue
        page = (await desk.get(f"/{noun}/list")).text
        assert f"/admin/{noun}/create" not in page, noun
        assert re.findall(rf"/admin/{noun}/edit\?pk", page) == [], noun


def test_the_scopes_named_here_are_those_of_the_product() -> None:
    said = {scope for needed in (*PAGES.values(), *CHANGES.values()) for scope in needed}
    said |= {scope for pair in NOUNS.values() for scope in pair if scope}
    # The rest is about what is read beside a page: addresses in clear, exports, the query desk.
    assert set(Scope) - said == {Scope.PII_READ, Scope.EXPORT_RUN, Scope.DEVELOPER}
