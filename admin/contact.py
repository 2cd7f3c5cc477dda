"""Interactions and relationships: how the organisation and its customers are in touch."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q

from admin import choices, searching, words
from admin.bulk import ChangesMany
from admin.fields import Amount, LongText, listed
from admin.layout import group, row
from admin.writing import UseCaseView
from crm import interactions, relationships
from crm.access import Actor, Scope
from crm.errors import ValidationFailed
from models import Interaction, Relationship, RelationshipKind
from models.base import Record


class InteractionView(ChangesMany):
    """Every touchpoint with a customer."""

    record = Interaction
    reads = Scope.INTERACTION_READ
    writes = Scope.INTERACTION_WRITE
    icon = "fa-solid fa-comments"
    menu_label = lazy("Interactions")
    display_name = lazy("interaction")
    empty_hint = lazy("Log calls, visits and messages here or on a customer's page.")
    parts = (
        "customer",
        "occurred_at",
        "kind",
        "channel",
        "direction",
        "subject",
        LongText("body"),
        "outcome",
        "sentiment",
        "staff",
        "rating_kind",
        "rating",
        "duration_seconds",
        Amount("cost", currency_from="cost_currency"),
        listed("cost_currency", choices.currencies, filters=choices.TEXT_FILTERS),
        "answer_due_at",
        "answered_at",
        "created_at",
    )
    form_layout = (
        row("customer", "occurred_at"),
        row("kind", "channel", "direction"),
        "subject",
        "body",
        row("outcome", "sentiment", "staff"),
        group(
            lazy("Rating, effort and answer"),
            row("rating_kind", "rating", "duration_seconds"),
            row("cost", "cost_currency"),
            row("answer_due_at", "answered_at"),
        ),
    )
    folded = (
        "body",
        "rating_kind",
        "rating",
        "duration_seconds",
        "cost",
        "cost_currency",
        "answer_due_at",
        "answered_at",
        "created_at",
        "outcome",
    )
    sortable_fields = ("occurred_at",)
    fields_default_sort = (("occurred_at", True),)
    optional = ("occurred_at", "subject", "body")

    def name_of(self, obj: Any) -> str:
        return str(obj.subject or words.value(obj.kind))

    async def build_full_text_search_query(self, request: Request, term: str) -> Q:
        return await searching.records(request, term, "interaction", "occurred_at")

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        customer = values.pop("customer_id", None) or UUID(int=0)
        return await interactions.log(actor, customer, fields=_texts(values), now=at)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        values.pop("customer_id", None)
        return await interactions.correct(actor, key, expected_version=version, fields=_texts(values), now=at)

    async def remove(self, actor: Actor, key: UUID, at: datetime) -> None:
        await interactions.delete(actor, key, expected_version=None)


def _texts(values: dict[str, Any]) -> Any:
    """A text that was emptied is an empty text, not nothing."""
    return {name: "" if name in ("subject", "body") and value is None else value for name, value in values.items()}


class RelationshipView(UseCaseView):
    """How customers are connected with each other."""

    record = Relationship
    reads = Scope.CUSTOMER_READ
    writes = Scope.CUSTOMER_WRITE
    icon = "fa-solid fa-diagram-project"
    menu_label = lazy("Relationships")
    display_name = lazy("relationship")
    empty_hint = lazy("Say who works for whom, who referred whom, and which companies belong together.")
    parts = ("customer", "kind", "related", "since", "until", "note", "created_at")
    form_layout = (row("customer", "kind", "related"), row("since", "until"), "note")
    sortable_fields = ()
    # Ids grow with time, and have an index.
    fields_default_sort = (("id", True),)

    def name_of(self, obj: Any) -> str:
        return f"{obj.customer.display_name} – {words.value(obj.kind)} – {obj.related.display_name}"

    async def build_full_text_search_query(self, request: Request, term: str) -> Q:
        outward = await searching.records(request, term, "relationship", "created_at")
        return outward | await searching.records(request, term, "relationship", "created_at", "related_id")

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        given: Any = {name: values[name] for name in ("since", "until", "note") if name in values}
        made = await relationships.create(
            actor,
            values.get("customer_id") or UUID(int=0),
            values.get("related_id") or UUID(int=0),
            kind=RelationshipKind(values["kind"]),
            fields=given,
        )
        return await _with_names(made.id)

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        for fixed in ("customer_id", "related_id", "kind"):
            if fixed in values:
                raise ValidationFailed(_("End this relationship and make a new one instead."), path=(fixed,))
        fields: Any = values
        await relationships.update(actor, key, expected_version=version, fields=fields)
        return await _with_names(key)

    async def remove(self, actor: Actor, key: UUID, at: datetime) -> None:
        await relationships.delete(actor, key, expected_version=None)


async def _with_names(key: UUID) -> Relationship:
    return await Relationship.get(id=key).prefetch_related("customer", "related")
