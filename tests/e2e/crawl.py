"""Every page of the panel, found as staff find them: from the menu, from link to link, and by its routes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import httpx
from starlette_admin import BaseModelView, CustomView, DropDown

from admin import views
from tests.admin.desk import browser_of, sign_in

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
# Queries that only narrow or sort what a page shows lead to no other page.
_MATTERS = frozenset({"pk", "tab", "view"})


class Links(HTMLParser):
    """Where a page leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href") and "download" not in given:
            self.found.append(given["href"] or "")


def routes() -> list[str]:
    """The pages that need no record: what each view of the panel answers under its own path."""
    flat = [view for each in views() for view in (each.views if isinstance(each, DropDown) else [each])]
    lists = [f"/{view.key}/{page}" for view in flat if isinstance(view, BaseModelView) for page in ("list", "create")]
    return ["/", *lists, *(path for view in flat if isinstance(view, CustomView) for path in _own(view))]


def _own(view: CustomView) -> Iterable[str]:
    for name in dir(type(view)):
        handler = getattr(type(view), name, None)
        path = getattr(handler, "_route_path", None)
        if path is not None and "GET" in handler._route_methods and "{" not in path:  # type: ignore[union-attr]
            yield view.path + path


def shape(address: str) -> str:
    """What kind of page an address leads to: the same for every record of a noun."""
    parts = urlsplit(address)
    query = sorted(set(parse_qs(parts.query)) & _MATTERS)
    return _ID.sub("*", parts.path) + ("?" + "&".join(query) if query else "")


async def pages(site: str, email: str) -> tuple[list[str], list[str]]:
    """The addresses, one of each shape, that answer somebody with a page; and those that failed."""
    async with browser_of(site) as client:
        await sign_in(client, email)
        found, broken = await crawled(client)
        return sorted(found), broken


async def crawled(client: httpx.AsyncClient) -> tuple[dict[str, str], list[str]]:
    """Address → page, one of each shape, for whoever is signed in; and what failed."""
    found: dict[str, str] = {}
    broken: list[str] = []
    waiting = [f"/admin{path}" for path in routes()]
    seen = set(map(shape, waiting))
    while waiting:
        path = waiting.pop(0)
        answer = await client.get(path)
        if answer.status_code >= 500 or (answer.status_code == 404 and "pk" in path):
            broken.append(f"{answer.status_code} {path}")
        if answer.status_code != 200 or not _is_page(answer):
            continue
        found[path] = answer.text
        fresh = [link for link in _links(answer) if shape(link) not in seen]
        seen |= set(map(shape, fresh))
        waiting += {shape(link): link for link in fresh}.values()
    return found, broken


def _is_page(answer: httpx.Response) -> bool:
    return answer.headers["content-type"].startswith("text/html") and "<title>" in answer.text


def _links(answer: httpx.Response) -> list[str]:
    reader = Links()
    reader.feed(answer.text)
    targets = [
        str(answer.url.join(link)) for link in reader.found if not link.startswith(("mailto:", "#", "javascript:"))
    ]
    root = str(answer.url.join("/admin/"))
    return [
        urlsplit(each)._replace(scheme="", netloc="", fragment="").geturl() for each in targets if each.startswith(root)
    ]
