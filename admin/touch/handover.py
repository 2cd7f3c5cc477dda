"""Handing over what a staff member has: the page for when somebody leaves."""

from __future__ import annotations

from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.flash import flash
from starlette_admin.helpers import detail_url
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import formats, pages
from admin.problems import said
from admin.request import actor_of, may
from crm import ownership
from crm.access import Scope
from crm.errors import CrmError
from models import StaffMember

MOST = 200
"""Staff members who are offered."""


def may_hand_over(request: Request) -> bool:
    return may(request, Scope.CUSTOMER_WRITE) and may(request, Scope.INTERACTION_WRITE)


class HandOverPage(CustomView):
    """Customers and open follow-ups of one staff member, given to others in turn."""

    path = "/hand-over"
    menu_label = lazy("Hand over customers")
    add_to_menu = False

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.STAFF_READ) and may_hand_over(request)

    @route("", name="hand-over-root")
    async def index(self, request: Request) -> Response:
        return RedirectResponse(request.url_for("admin:list", key="staff_member"), 303)

    @route("/{key}", methods=["GET", "POST"], name="hand-over")
    async def of_one(self, request: Request) -> Response:
        """Say how much there is and ask who takes it; then give it to them."""
        leaver = await _leaver(request)
        others = await StaffMember.filter(active=True).exclude(id=leaver.id).order_by("name").limit(MOST)
        if request.method == "GET":
            return await self._page(request, leaver, others, [], None)
        chosen = [str(value) for value in (await request.form()).getlist("to")]
        heirs = [one.id for one in others if str(one.id) in chosen]
        try:
            done = await ownership.transfer(actor_of(request), leaver.id, heirs)
        except CrmError as problem:
            return await self._page(request, leaver, others, chosen, problem)
        told = _("%(customers)s customers and %(tasks)s follow-ups were handed over.")
        numbers = {"customers": formats.number(done.customers), "tasks": formats.number(done.follow_ups)}
        flash(request, told % numbers, "success")
        return RedirectResponse(detail_url(request, "staff_member", str(leaver.id)), 303)

    async def _page(
        self,
        request: Request,
        leaver: StaffMember,
        others: list[StaffMember],
        chosen: list[str],
        refused: CrmError | None,
    ) -> Response:
        first = [one.id for one in others[:1]]
        there = await ownership.transfer(actor_of(request), leaver.id, first, dry_run=True) if first else None
        problem = said(refused) if refused else ""
        context = {"leaver": leaver, "others": others, "chosen": chosen, "problem": problem, "there": there}
        return pages.render(self, request, "touch/hand_over.html", context, refused.status if refused else 200)


async def _leaver(request: Request) -> StaffMember:
    try:
        found = await StaffMember.get_or_none(id=UUID(request.path_params["key"]))
    except ValueError:
        found = None
    if found is None:
        raise HTTPException(404)
    return found
