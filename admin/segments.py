"""Segments and who is in them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette_admin import action
from starlette_admin.actions import ActionSelection
from starlette_admin.exceptions import ActionFailed
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q

from admin import searching
from admin.base import RecordView
from admin.fields import Structure
from admin.request import actor_of, may, now
from crm.access import Scope
from crm.database import fetch, transaction
from crm.errors import CrmError
from crm.segments import static
from models import Segment, SegmentMembership

_MEMBERS = """
SELECT c.id, c.display_name, m.entered_at, m.entry_cause
FROM segment_membership m JOIN customer c ON c.id = m.customer_id
WHERE m.segment_id = $1 AND m.exited_at IS NULL ORDER BY m.entered_at DESC, m.id DESC LIMIT 25
"""


class SegmentView(RecordView):
    """Named sets of customers."""

    record = Segment
    reads = Scope.SEGMENT_READ
    icon = "fa-solid fa-object-group"
    menu_label = lazy("Segments")
    display_name = lazy("segment")
    empty_hint = lazy("A segment is a named set of customers, hand-picked or by a rule.")
    detail_template = "segment.html"
    parts = (
        "name",
        "key",
        "kind",
        "size",
        "evaluated_at",
        "description",
        "rule_text",
        Structure("rule"),
        "rule_version",
        "evaluation_ms",
        "evaluation_error",
        "archived_at",
        "created_at",
    )
    exclude_fields_from_list = [
        "description",
        "rule",
        "rule_text",
        "rule_version",
        "evaluation_ms",
        "evaluation_error",
        "archived_at",
        "created_at",
    ]
    sortable_fields = ("name", "size", "evaluated_at")
    fields_default_sort = (("name", False),)
    found_by = ("name", "key")

    async def page(self, obj: Any, request: Request) -> dict[str, Any]:
        return {**await super().page(obj, request), "members": await fetch(_MEMBERS, obj.id)}


class MembershipView(RecordView):
    """Stays of customers in segments, those over and those going on."""

    record = SegmentMembership
    reads = Scope.SEGMENT_READ
    icon = "fa-solid fa-user-tag"
    menu_label = lazy("Memberships")
    display_name = lazy("membership")
    parts = ("segment", "customer", "entered_at", "entry_cause", "exited_at", "exit_cause")
    sortable_fields = ("entered_at",)
    fields_default_sort = (("id", True),)
    actions = ("take_out",)

    def name_of(self, obj: Any) -> str:
        return f"{obj.customer.display_name} – {obj.segment.name}"

    async def build_full_text_search_query(self, request: Request, term: str) -> Q:
        return await searching.of_customers(term) | Q(segment__name__icontains=term)

    async def is_action_allowed(self, request: Request, name: str) -> bool:
        if name == "take_out":
            return may(request, Scope.SEGMENT_WRITE)
        return await super().is_action_allowed(request, name)

    @action(
        name="take_out",
        text=lazy("Take out of the segment"),
        icon_class="fa-solid fa-circle-minus",
        confirmation=lazy("The stay ends now and stays in the history."),
        submit_btn_text=lazy("Take out"),
    )
    async def take_out(self, request: Request, selection: ActionSelection) -> None:
        stays = await SegmentMembership.filter(id__in=[UUID(str(pk)) for pk in await selection.pks()])
        try:
            async with transaction():
                for stay in stays:
                    await static.remove(actor_of(request), stay.segment_id, [stay.customer_id], now=now())
        except CrmError as problem:
            raise ActionFailed(problem.message) from problem
