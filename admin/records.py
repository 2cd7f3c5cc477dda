"""The memory of the system: imports, events, the audit trail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette_admin import RequestAction
from starlette_admin.i18n import get_tzinfo
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from admin import choices, event_words, history, import_words, searching
from admin.base import RecordView
from admin.fields import Computed, Moment, Named, Structure, Unreadable, Worded, listed
from admin.fields import Day as DayField
from admin.request import actor_of, may
from crm.access import Scope
from crm.database import fetch
from crm.errors import CrmError
from crm.ids import split
from crm.visibility import shown_changes, shown_data
from models import AuditEntry, Event, ImportRun, StaffMember

LATEST = 5_000
"""Happenings among which those of somebody are searched by name; the box above the list finds all of a person's."""

NARROWING = ("who", "noun", "what", "since", "until")
"""The boxes above events and the audit trail, which indexes answer."""


def by_record(term: str) -> Q | None:
    """Events and entries of the record whose id was searched for."""
    try:
        _prefix, key = split(term.strip())
    except CrmError:
        return None
    return Q(noun_id=key) | Q(customer_id=key)


class HappenedView(RecordView):
    """Things that happened: who, what and when stand above the list as boxes."""

    list_template = "happened.html"
    kind: str
    """The column that says what happened."""

    sortable_fields = ("created_at",)
    fields_default_sort = (("created_at", True),)

    def name_of(self, obj: Any) -> str:
        return event_words.happened(str(getattr(obj, self.kind)))

    async def build_full_text_search_query(self, request: Request, term: str) -> Q:
        """By a record's id, by what happened, or by who did it among what happened last."""
        found = by_record(term)
        if found is not None:
            return found
        wanted, key = term.strip().casefold(), term.strip().lower()
        told = event_words.happenings(request)
        named: Any = [name for name, text in told if wanted in text.casefold() or name.startswith(key)]
        table = self.model._meta.db_table
        return Q(**{f"{self.kind}__in": named}) | await searching.latest(
            request, term, table, "created_at", "actor_label", LATEST
        )

    def get_list_query(self, request: Request) -> QuerySet[Any]:
        query: QuerySet[Any] = super().get_list_query(request)
        narrowing = request.state.action in (RequestAction.LIST, RequestAction.EXPORT)
        return query.filter(self.narrowed_by(request)) if narrowing else query

    def get_count_query(self, request: Request) -> QuerySet[Any]:
        return self.get_list_query(request)

    def is_narrowed(self, request: Request) -> bool:
        return any(request.query_params.get(name) for name in NARROWING)

    def narrowed_by(self, request: Request) -> Q:
        """The boxes as a condition; what cannot be read narrows nothing."""
        given = {name: request.query_params.get(name, "").strip() for name in NARROWING}
        found = Q()
        if person := _key(given["who"]):
            found &= Q(actor_id=person)
        if given["noun"]:
            found &= Q(noun=given["noun"])
        if given["what"]:
            found &= Q(**{self.kind: given["what"]})
        since, until = _start(given["since"]), _start(given["until"])
        if since:
            found &= Q(created_at__gte=since)
        if until:
            found &= Q(created_at__lt=until + timedelta(days=1))
        return found

    async def boxes(self, request: Request) -> dict[str, Any]:
        """What the boxes offer, and what stands in them."""
        people = await StaffMember.all().order_by("name").limit(500).values_list("id", "name")
        return {
            "people": [(str(key), name) for key, name in people],
            "nouns": event_words.nouns(request),
            "happenings": event_words.happenings(request),
            "given": {name: request.query_params.get(name, "") for name in (*NARROWING, "q")},
        }


def _key(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _start(text: str) -> datetime | None:
    """The start of a day by the reader's clock."""
    found = DayField("day")._parse(text)
    if found is None or isinstance(found, Unreadable):
        return None
    return datetime.combine(found, time.min, tzinfo=get_tzinfo())


class Changed(Structure):
    """What an audit entry says of a record's fields, as far as the reader may know it."""

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        actor = actor_of(request)
        changes = shown_changes(actor, obj.noun, obj.changes)
        return (await history.named(actor, [changes]))[0] if request.state.action == RequestAction.DETAIL else changes


class Told(Structure):
    """What an event tells, as far as the reader may know it."""

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        return shown_data(actor_of(request), obj.noun, obj.data)


class Meant(Structure):
    """What the columns of a file were taken for; what was made up had none."""

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        columns = (obj.mapping or {}).get("columns") or {}
        if request.state.action == RequestAction.EXPORT:
            return obj.mapping
        return {column: import_words.named(str(target)) for column, target in columns.items()}


@dataclass
class About(Computed):
    """The customer that something happened to."""

    list_template: str = "fields/one.html"
    detail_template: str = "fields/one.html"

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        name = obj.customer_id and may(request, Scope.CUSTOMER_READ) and await _name(request, obj.customer_id)
        return {"id": str(obj.customer_id), "name": name, "key": "customer", "open": True} if name else None

    async def serialize_value(self, request: Request, value: Any) -> Any:
        return value["name"] if request.state.action == RequestAction.EXPORT else value


async def _name(request: Request, key: UUID) -> str | None:
    """A customer's name; those of a page were all asked for at once."""
    known: dict[UUID, str] = getattr(request.state, "names_of_customers", {})
    if key in known or hasattr(request.state, "names_of_customers"):
        return known.get(key)
    return (await names_of([key])).get(key)


async def names_of(keys: Iterable[UUID]) -> dict[UUID, str]:
    rows = await fetch("SELECT id, display_name FROM customer WHERE id = ANY ($1::uuid[])", list(set(keys)))
    return {row["id"]: row["display_name"] for row in rows}


class EventView(HappenedView):
    """What happened, as webhooks and subscriptions tell it."""

    record = Event
    reads = Scope.EVENT_READ
    icon = "fa-solid fa-bolt"
    menu_label = lazy("Events")
    display_name = lazy("event")
    kind = "type"
    parts = (
        listed("type", event_words.happenings, filters=choices.TEXT_FILTERS),
        listed("noun", event_words.nouns, filters=choices.TEXT_FILTERS),
        About("customer"),
        Named("actor_label"),
        Moment("created_at", read_only=True),
        Worded("actor_kind"),
        Told("data"),
        "request_id",
    )
    exclude_fields_from_list = ("data",)
    folded = ("actor_kind", "request_id")

    async def find_all(self, request: Request, *args: Any, **options: Any) -> Sequence[Any]:
        found: Sequence[Any] = await super().find_all(request, *args, **options)
        request.state.names_of_customers = await names_of(event.customer_id for event in found if event.customer_id)
        return found


class AuditView(HappenedView):
    """Who changed what."""

    record = AuditEntry
    reads = Scope.AUDIT_READ
    icon = "fa-solid fa-clipboard-list"
    menu_label = lazy("Audit trail")
    display_name = lazy("audit entry")
    kind = "action"
    parts = (
        listed("action", event_words.happenings, filters=choices.TEXT_FILTERS),
        listed("noun", event_words.nouns, filters=choices.TEXT_FILTERS),
        Named("actor_label"),
        Moment("created_at", read_only=True),
        Changed("changes", list_template="fields/changes.html", detail_template="fields/changes.html"),
        Worded("actor_kind"),
        "request_id",
    )
    folded = ("actor_kind", "request_id")


class ImportView(RecordView):
    """Files that were taken in, and the rows of them that could not be."""

    record = ImportRun
    reads = Scope.IMPORT_RUN
    icon = "fa-solid fa-file-import"
    menu_label = lazy("Imports")
    display_name = lazy("import")
    empty_hint = lazy("Files that were imported appear here, with every row that was refused and why.")
    list_template = "imports.html"
    detail_template = "import_run.html"
    parts = (
        "file_name",
        Worded("kind"),
        "status",
        "rows_read",
        "rows_created",
        "rows_updated",
        "rows_unchanged",
        "rows_refused",
        Meant("mapping"),
        "error",
        Named("actor_label"),
        Moment("created_at", read_only=True, short=True),
        "finished_at",
    )
    exclude_fields_from_list = ("mapping",)
    folded = ("error", "rows_unchanged", "finished_at")
    sortable_fields = ("created_at",)
    fields_default_sort = (("created_at", True),)
    found_by = ("file_name",)

    def name_of(self, obj: Any) -> str:
        return str(obj.file_name)
