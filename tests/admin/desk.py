"""A staff member at the panel: pages as a browser asks for them, forms as it fills them in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx
from starlette.applications import Starlette

from crm import roles, staff
from crm.access import system

ORIGIN = "http://crm.test"
PASSWORD = "four words at random"

Fields = dict[str, list[str]]


@dataclass
class Reader(HTMLParser):
    """The fields of a page's largest form, with the values that a browser would send back."""

    forms: list[Fields] = field(default_factory=list)
    select: str | None = None
    chosen: list[str] = field(default_factory=list)
    area: str | None = None
    depth: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag == "form":
            self.forms.append({})
        elif tag == "template":
            self.depth += 1
        elif not self.forms or self.depth:
            return
        elif tag == "input" and name:
            self._input(name, given)
        elif tag == "select":
            self.select, self.chosen = name, []
        elif tag == "option" and self.select:
            self._option(given)
        elif tag == "textarea":
            self.area = name

    def _input(self, name: str, given: Mapping[str, str | None]) -> None:
        if given.get("type") == "checkbox" and "checked" not in given:
            return
        self.forms[-1].setdefault(name, []).append(given.get("value") or "")

    def _option(self, given: Mapping[str, str | None]) -> None:
        """The first option stands until a selected one replaces it."""
        if "selected" in given or not self.chosen:
            self.chosen = [given.get("value") or ""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self.select:
            self.forms[-1].setdefault(self.select, []).extend(self.chosen)
            self.select = None
        elif tag == "textarea":
            self.area = None
        elif tag == "template":
            self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self.area and self.forms:
            self.forms[-1][self.area] = [data.strip("\n")]


def fields_of(page: str) -> Fields:
    reader = Reader()
    reader.feed(page)
    return max(reader.forms, key=len)


@dataclass
class Desk:
    """One signed-in browser."""

    client: httpx.AsyncClient

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.client.get(f"/admin{path}", params=query)

    async def post(self, path: str, data: Mapping[str, Any] | None = None, **query: Any) -> httpx.Response:
        headers = {"X-CSRFToken": self.client.cookies.get("starlette_admin_csrftoken", "")}
        return await self.client.post(f"/admin{path}", params=query, data=dict(data or {}), headers=headers)

    async def form(self, path: str, **query: Any) -> Fields:
        page = await self.get(path, **query)
        assert page.status_code == 200, page.text
        return fields_of(page.text)

    async def fill(self, path: str, changes: Mapping[str, Any], **query: Any) -> httpx.Response:
        """Open a form, change some fields, send all of it."""
        return await self.post(path, {**await self.form(path, **query), **changes}, **query)


def browser(app: Starlette) -> httpx.AsyncClient:
    """Its requests run in this task, and so in the test's transaction."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ORIGIN)


def browser_of(site: str) -> httpx.AsyncClient:
    """One that asks a running server."""
    return httpx.AsyncClient(base_url=site, timeout=60)


async def hire(role: str = "administrator", name: str = "Sara") -> str:
    """Somebody with a role; returns the address to sign in with."""
    owner = system("owner")
    await roles.install_built_in(owner)
    address = f"{name.lower()}@example.com"
    fields: Any = {"email": address, "name": name, "role": role}
    await staff.create(owner, fields=fields, password=PASSWORD)
    return address


async def sign_in(client: httpx.AsyncClient, address: str, password: str = PASSWORD, **query: str) -> httpx.Response:
    await client.get("/admin/login")
    desk = Desk(client)
    return await desk.post("/login", {"username": address, "password": password}, **query)
