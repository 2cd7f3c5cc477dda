"""The memory of the system: imports, events, the audit trail."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette_admin.i18n import lazy_gettext as lazy
from tortoise.expressions import Q

from admin.base import RecordView
from admin.fields import Moment, Structure
from crm.access import Scope
from crm.errors import CrmError
from crm.ids import split
from models import AuditEntry, Event, ImportRun


def by_record(term: str) -> Q | None:
    """Events and entries of the record whose id was searched for."""
    try:
        _prefix, key = split(term.strip())
    except CrmError:
        return None
    return Q(noun_id=key) | Q(customer_id=key)


class EventView(RecordView):
    """What happened, as webhooks and subscriptions tell it."""

    record = Event
    reads = Scope.EVENT_READ
    icon = "fa-solid fa-bolt"
    menu_label = lazy("Events")
    display_name = lazy("event")
    parts = ("type", "noun", "actor_label", Moment("created_at", read_only=True), "actor_kind", "data", "request_id")
    exclude_fields_from_list = ("actor_kind", "request_id", "data")
    sortable_fields = ("created_at",)
    fields_default_sort = (("created_at", True),)

    def name_of(self, obj: Any) -> str:
        return str(obj.type)

    def get_search_query(self, request: Request, term: str) -> Q:
        return by_record(term) or Q(type__startswith=term.strip().lower()) | Q(actor_label__icontains=term)


class AuditView(RecordView):
    """Who changed what."""

    record = AuditEntry
    reads = Scope.AUDIT_READ
    icon = "fa-solid fa-clipboard-list"
    menu_label = lazy("Audit trail")
    display_name = lazy("audit entry")
    parts = (
        "action",
        "noun",
        "actor_label",
        Moment("created_at", read_only=True),
        Structure("changes", list_template="fields/changes.html", detail_template="fields/changes.html"),
        "actor_kind",
        "request_id",
    )
    exclude_fields_from_list = ("actor_kind", "request_id")
    sortable_fields = ("created_at",)
    fields_default_sort = (("created_at", True),)

    def name_of(self, obj: Any) -> str:
        return str(obj.action)

    def get_search_query(self, request: Request, term: str) -> Q:
        return by_record(term) or Q(action__startswith=term.strip().lower()) | Q(actor_label__icontains=term)


class ImportView(RecordView):
    """Files that were taken in, and the rows of them that could not be."""

    record = ImportRun
    reads = Scope.IMPORT_RUN
    icon = "fa-solid fa-file-import"
    menu_label = lazy("Imports")
    display_name = lazy("import")
    empty_hint = lazy("Files that were imported appear here, with every row that was refused and why.")
    parts = (
        "file_name",
        "kind",
        "status",
        "rows_read",
        "rows_created",
        "rows_updated",
        "rows_unchanged",
        "rows_refused",
        Structure("refused", detail_template="fields/refused.html"),
        "mapping",
        "error",
        "actor_label",
        Moment("created_at", read_only=True),
        "finished_at",
    )
    exclude_fields_from_list = ("mapping", "refused", "error", "rows_unchanged", "finished_at")
    sortable_fields = ("created_at",)
    fields_default_sort = (("created_at", True),)
    found_by = ("file_name",)

    def name_of(self, obj: Any) -> str:
        return str(obj.file_name)
