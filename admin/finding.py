"""The search box over every noun and every page: Ctrl K, a few letters, Enter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette_admin import BaseModelView, CustomView, DropDown, route
from starlette_admin.helpers import create_url, detail_url
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import pages
from admin.request import actor_of
from crm import finding, text
from crm.finding import Found
from crm.ids import NOUNS

ICONS = {
    "customer": "fa-user",
    "organization": "fa-building",
    "order": "fa-cart-shopping",
    "product": "fa-box",
    "segment": "fa-object-group",
    "staff_member": "fa-user-tie",
    "interaction": "fa-comments",
    "follow_up": "fa-list-check",
    "record": "fa-hashtag",
    "page": "fa-arrow-right",
}
MOST_PAGES = 5


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found, and where it opens."""

    name: str
    hint: str
    href: str


@dataclass(frozen=True, slots=True)
class Group:
    """What was found of one noun."""

    key: str
    title: str
    icon: str
    hits: list[Hit]


class FindPage(CustomView):
    """The box above every page asks here; without scripts its answer is a page of its own."""

    path = "/find"
    add_to_menu = False
    menu_label = lazy("Search")

    def is_accessible(self, request: Request) -> bool:
        return True

    @route("", methods=["GET"], name="find")
    async def index(self, request: Request) -> Response:
        term = str(request.query_params.get("text", "")).strip()
        context = {"term": term, "groups": await self._groups(request, term) if term else []}
        if "part" in request.query_params:
            assert self.templates is not None
            return self.templates.TemplateResponse(request, "parts/found.html", context)
        return pages.render(self, request, "find.html", context)

    @route("/keys", methods=["GET"], name="find-keys")
    async def keys(self, request: Request) -> Response:
        """The keys that a form offers while somebody types one."""
        query = request.query_params
        found = await finding.keys(actor_of(request), query.get("noun", ""), query.get("text", ""))
        return JSONResponse([{"key": key, "name": name} for key, name in found])

    async def _groups(self, request: Request, term: str) -> list[Group]:
        found = await finding.find(actor_of(request), term)
        named = _titles()
        groups = [Group(noun, named[noun], ICONS[noun], self._hits(request, hits)) for noun, hits in found.items()]
        shown = [Group("page", named["page"], ICONS["page"], self._pages(request, term)), *groups]
        return [group for group in [*shown[1:], shown[0]] if group.hits]

    def _hits(self, request: Request, found: list[Found]) -> list[Hit]:
        """What opens in the panel; a noun without a page of its own is left out."""
        assert self._admin is not None
        known = {view.key for view in flat(self._admin._views) if isinstance(view, BaseModelView)}
        return [
            Hit(each.name, each.hint, detail_url(request, noun, str(each.id)))
            for each in found
            if (noun := NOUNS.get(each.noun, each.noun)) in known
        ]

    def _pages(self, request: Request, term: str) -> list[Hit]:
        """The panel's own pages whose names hold what was typed."""
        assert self._admin is not None
        wanted = text.normalise(term)
        offered = [hit for view in flat(self._admin._views) for hit in _offers(request, view)]
        return [hit for hit in offered if wanted in text.normalise(hit.name)][:MOST_PAGES]


def flat(views: Any) -> list[Any]:
    return [view for each in views for view in (flat(each.views) if isinstance(each, DropDown) else [each])]


def _offers(request: Request, view: Any) -> list[Hit]:
    """A view's own page and, where one may, the form of a new record."""
    if not view.is_accessible(request) or not view.menu_label:
        return []
    if isinstance(view, BaseModelView):
        listing = Hit(str(view.menu_label), "", str(request.url_for("admin:list", key=view.key)))
        fresh = Hit(_("New %(name)s") % {"name": view.display_name}, "", create_url(request, view.key or ""))
        return [listing, fresh] if view.can_create(request) else [listing]
    root = request.scope.get("root_path", "")
    return [Hit(str(view.menu_label), "", f"{root}{view.path}")] if isinstance(view, CustomView) else []


def _titles() -> dict[str, str]:
    return {
        "customer": _("Customers"),
        "organization": _("Organisations"),
        "order": _("Orders"),
        "product": _("Products"),
        "segment": _("Segments"),
        "staff_member": _("Staff"),
        "interaction": _("Interactions"),
        "follow_up": _("Follow-ups"),
        "record": _("By its ID"),
        "page": _("Pages"),
    }
