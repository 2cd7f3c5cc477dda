"""Segments and who is in them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette_admin import action
from starlette_admin.actions import ActionSelection
from starlette_admin.exceptions import ActionFailed
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q

from admin import searching
from admin.archiving import Archivable
from admin.base import RecordView
from admin.fields import Structure
from admin.layout import row
from admin.problems import leading, said
from admin.request import actor_of, may, now
from admin.rules.field import RuleText
from admin.segments import members
from admin.segments.library_words import named
from crm import dependents
from crm.access import Actor, Scope
from crm.database import transaction
from crm.errors import CrmError, ValidationFailed
from crm.segments import definitions, refresh, static, versions
from models import Segment, SegmentKind, SegmentMembership
from models.base import Record

WORKED_OUT = (
    "size",
    "evaluated_at",
    "rule_version",
    "evaluation_ms",
    "evaluation_error",
    "archived_at",
)


class SegmentView(Archivable):
    """Named sets of customers."""

    record = Segment
    reads = Scope.SEGMENT_READ
    writes = Scope.SEGMENT_WRITE
    icon = "fa-solid fa-object-group"
    menu_label = lazy("Segments")
    display_name = lazy("segment")
    names = ("name", "description")
    empty_hint = lazy("A segment is a named set of customers, hand-picked or by a rule.")
    detail_template = "segment.html"
    parts = (
        "name",
        "key",
        "kind",
        "size",
        "evaluated_at",
        "description",
        RuleText(
            "rule_text",
            shows="DIFFERENCE",
            help_text=lazy("For “By rule” and “Frozen” segments."),
        ),
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
    form_layout = (row("name", "key", "kind"), "description", "rule_text")
    exclude_fields_from_create = WORKED_OUT
    exclude_fields_from_edit = (*WORKED_OUT, "key", "kind")
    optional = ("description",)
    sortable_fields = ("name", "size", "evaluated_at")
    fields_default_sort = (("name", False),)
    found_by = ("name", "key")

    def in_words(self, text: str) -> str:
        return named(text)

    def name_of(self, obj: Any) -> str:
        return named(str(obj.name))

    async def page(self, obj: Any, request: Request) -> dict[str, Any]:
        return {
            **await super().page(obj, request),
            "members": await members.page(obj.id, "now", ""),
            "dependents": await dependents.users_of_segment(obj.key),
            "dependent_kinds": {
                "SEGMENT": _("Segment"),
                "LIFECYCLE_EDGE": _("Allowed move"),
                "TOKEN": _("API token"),
                "GOAL": _("Goal"),
            },
            "waiting": obj.due_at is not None and obj.due_at <= now() and obj.archived_at is None,
            "may_write": may(request, self.writes),
        }

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        key, kind, rule = values.pop("key", ""), SegmentKind(values.pop("kind")), values.pop("rule_text", "")
        if kind is SegmentKind.STATIC:
            if rule:
                raise ValidationFailed(_("A hand-picked segment has no rule."), path=("rule_text",))
            return await definitions.create_static(actor, key=key, fields=_said(values))
        with leading(rule="rule_text"):
            made = await definitions.create_by_rule(actor, key=key, kind=kind, rule=rule, fields=_said(values), now=at)
        await refresh.soon(actor, made.id, now=at)
        return made

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        ruled, rule = "rule_text" in values, values.pop("rule_text", None) or ""
        async with transaction():
            if ruled:
                # The rule first: who changes rules locks them before the segment.
                with leading(rule="rule_text"):
                    version = (await versions.change(actor, key, rule, expected_version=version, now=at)).version
            changed = await definitions.update(actor, key, expected_version=version, fields=_said(values))
        if ruled:
            await refresh.soon(actor, key, now=at)
        return changed

    async def put_aside(self, actor: Actor, key: UUID, at: datetime) -> None:
        await definitions.archive(actor, key, expected_version=None, now=at)

    async def bring_back(self, actor: Actor, key: UUID, at: datetime) -> None:
        await definitions.restore(actor, key, expected_version=None, now=at)
        await refresh.soon(actor, key, now=at)


def _said(values: dict[str, Any]) -> Any:
    """A text that was emptied is an empty text, not nothing."""
    return {name: value or "" for name, value in values.items()}


class MembershipView(RecordView):
    """Stays of customers in segments, those over and those going on."""

    record = SegmentMembership
    reads = Scope.SEGMENT_READ
    icon = "fa-solid fa-user-tag"
    menu_label = lazy("Memberships")
    display_name = lazy("membership")
    parts = ("segment", "customer", "entered_at", "entry_cause", "exited_at", "exit_cause")
    # Ids grow with time, and have an index.
    sortable_fields = ()
    fields_default_sort = (("id", True),)
    actions = ("take_out",)

    def name_of(self, obj: Any) -> str:
        return f"{obj.customer.display_name} – {named(obj.segment.name)}"

    async def build_full_text_search_query(self, request: Request, term: str) -> Q:
        meant: Any = await Segment.filter(name__icontains=term).limit(50).values_list("id", flat=True)
        return Q(segment_id__in=meant) | await searching.records(request, term, "segment_membership", "entered_at")

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
            raise ActionFailed(said(problem)) from problem
