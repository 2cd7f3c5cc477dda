"""Generated pages of a noun: the list and the detail page, read through Tortoise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, cast

from markupsafe import escape
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import ActionSelection, BaseField, RequestAction
from starlette_admin.contrib.tortoise import ModelView
from starlette_admin.exceptions import ActionFailed
from starlette_admin.export.base import ExportContext
from starlette_admin.export.csv import CsvExporter
from starlette_admin.filters import FilterGroup
from starlette_admin.i18n import gettext as _
from starlette_admin.types import FilterChip, ListParams, RowActionsDisplayType
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from admin import converter, counting, history, words
from admin.fields import Computed, Text
from admin.filters import chips, reading
from admin.request import actor_of, may
from crm import exports
from crm.access import Scope
from crm.changes import noun, public_id
from models.base import Record


class RecordView(ModelView):
    """The list and the detail page of a noun that the panel only reads."""

    record: ClassVar[type[Record]]
    parts: ClassVar[Sequence[str | BaseField]]
    """The fields: a name for what the converter makes of the column, or a field of its own."""
    reads: ClassVar[Scope]
    writes: ClassVar[Scope | None] = None
    found_by: ClassVar[Sequence[str]] = ()
    """Columns that the list's search looks into."""

    page_size = 25
    page_size_options = (25, 50, 100)
    # A cell that begins with = would be run by a spreadsheet.
    exporters = (CsvExporter(escape_formulas=True), "json")
    importers: Sequence[Any] = ()
    row_actions_display_type = RowActionsDisplayType.KEBAB
    list_template = "records.html"
    detail_template = "record.html"
    create_template = "new.html"
    edit_template = "change.html"
    folded: ClassVar[Sequence[str]] = ()
    """Columns that a list offers but does not show until they are chosen."""
    empty_hint: ClassVar[str] = ""
    names: ClassVar[Sequence[str]] = ()
    """Fields whose text the product may have given itself: then it reads in the reader's language, stored as it is."""

    def __init__(self) -> None:
        self.fields = cast("Sequence[BaseField]", self.parts)
        columns = self._columns()
        self.searchable_fields = columns if self.searchable_fields is None else self.searchable_fields
        self.sortable_fields = columns if self.sortable_fields is None else self.sortable_fields
        super().__init__(self.record, key=noun(self.record), converter=converter.Converter())
        for field in self._all_fields:
            if isinstance(field, Text) and field.name in self.names:
                field.told = self.in_words
            if field.label == field.name.replace("_", " ").capitalize():
                field.label = words.label(field.name)

    def _columns(self) -> list[str]:
        """The parts that a query can narrow and sort by: columns, and nothing that is worked out."""
        stored = [part for part in self.parts if not isinstance(part, Computed)]
        names = [part if isinstance(part, str) else part.name for part in stored]
        return [name for name in names if name in self.record._meta.fields_map]

    def in_words(self, text: str) -> str:
        """One of `names` in the reader's language."""
        return words.name(text)

    # Who may what

    def is_accessible(self, request: Request) -> bool:
        return may(request, self.reads)

    def can_create(self, request: Request) -> bool:
        return False

    def can_edit(self, request: Request) -> bool:
        return False

    def can_delete(self, request: Request) -> bool:
        return False

    def can_import(self, request: Request) -> bool:
        return False

    def can_export(self, request: Request) -> bool:
        return may(request, self.reads, Scope.EXPORT_RUN)

    # What an address asks for

    def _parse_list_params(self, request: Request, query_params: QueryParams | None = None) -> ListParams:
        """The library's, with columns that are shown only to who chooses them."""
        params = query_params or request.query_params
        found: ListParams = super()._parse_list_params(request, self._with_known_size(params))
        if found.visible_cols is None and self.folded:
            chosen = bool(params.get("cols"))
            names = [field.name for field in self.get_fields_list(request)]
            found.visible_cols = [name for name in names if chosen or name not in self.folded]
        return found

    def _with_known_size(self, params: QueryParams) -> QueryParams:
        """Without a size of pages that is not offered: the list then has its own, as it does for any strange one."""
        offered = {str(size) for size in (*self.page_size_options, self.page_size)}
        known = params.get("page_size") in offered
        return QueryParams([(name, value) for name, value in params.multi_items() if known or name != "page_size"])

    def _parse_sorts(
        self, raw_sorts: list[str], accessible_sortable: set[str]
    ) -> list[tuple[str, Literal["asc", "desc"]]]:
        """Columns that the reader does not see do not sort the list; the library fails at them."""
        seen = [raw for raw in raw_sorts if raw.rpartition("__")[0] in accessible_sortable]
        return super()._parse_sorts(seen, accessible_sortable)

    def _parse_filter_param(self, request: Request, query_params: Mapping[str, str] | None = None) -> FilterGroup:
        """The library's, which takes what the database then fails at, and says what is wrong in English."""
        raw = (request.query_params if query_params is None else query_params).get("filter")
        if not raw:
            return FilterGroup()
        fields = {field.name: field for field in self.get_fields_list(request) if field.searchable}
        offer = reading.Offer(fields, self.record._meta.fields_map, self.get_filter_registry())
        try:
            return reading.read(raw, self._parse_filter_string, offer)
        except reading.Refused as problem:
            raise HTTPException(400, str(problem)) from None

    def _active_filter_chips(self, request: Request, list_params: ListParams) -> tuple[str, list[FilterChip]]:
        logic, found = super()._active_filter_chips(request, list_params)
        return logic, [replace(chip, label=chips.told(chip.label)) for chip in found]

    # What is done

    async def handle_action(self, request: Request, selection: ActionSelection, name: str) -> Response | None:
        self._know(request.query_params.getlist("pks"))
        return await super().handle_action(request, selection, name)

    async def handle_row_action(self, request: Request, pk: Any, name: str) -> Response | None:
        self._know([pk])
        if self._row_actions.get(name, {}).get("is_link"):
            # It leads to a page and does nothing; the library fails at doing it.
            raise ActionFailed(_("Invalid row action"))
        return await super().handle_row_action(request, pk, name)

    def _know(self, keys: Sequence[Any]) -> None:
        """The library hands actions what is no key at all."""
        if any(self._coerce_pk(key) is None for key in keys):
            raise ActionFailed(_("This record does not exist."))

    # What is found

    def get_search_query(self, request: Request, term: str) -> Q:
        found = Q()
        for column in self.found_by:
            found |= Q(**{f"{column}__icontains": term})
        return found if self.found_by else Q(id__isnull=True)

    async def _apply_search_and_filters(
        self, request: Request, stmt: QuerySet[Any], q: str | None, filters: FilterGroup | None
    ) -> QuerySet[Any]:
        """No text holds the character zero, and PostgreSQL fails at a search for it."""
        return await super()._apply_search_and_filters(request, stmt, q and q.replace("\0", "\ufffd"), filters)

    async def count(self, request: Request, q: str | None = None, filters: FilterGroup | None = None) -> int:
        stmt = await self._apply_search_and_filters(request, self.get_count_query(request), q, filters)
        narrowed = q is not None or not (filters is None or filters.is_empty()) or self.is_narrowed(request)
        found = await counting.count_all(stmt, self.model._meta.db_table, narrowed=narrowed)
        found.more = getattr(request.state, "more_found", False)
        return found

    def is_narrowed(self, request: Request) -> bool:
        """Whether the list shows a part by other means than its search and filters."""
        return False

    async def boxes(self, request: Request) -> dict[str, Any] | None:
        """What stands above the list to narrow it, where something does."""
        return None

    async def find_all(
        self,
        request: Request,
        skip: int = 0,
        limit: int = 100,
        q: str | None = None,
        sorts: Sequence[tuple[str, str]] | None = None,
        filters: FilterGroup | None = None,
    ) -> Sequence[Any]:
        """A page of records in a definite order, from among those that can be paged to."""
        given = [pair for pair in sorts or () if pair[0] != "id"]
        ordered = [*given, ("id", given[-1][1] if given else "desc")]
        return await super().find_all(request, min(skip, counting.MOST), limit, q, ordered, filters)

    # How it reads

    async def repr(self, obj: Any, request: Request) -> str:
        return self.name_of(obj)

    def name_of(self, obj: Any) -> str:
        return str(getattr(obj, "name", None) or public_id(obj))

    async def select2_result(self, obj: Any, request: Request) -> str:
        return f"<span>{escape(self.name_of(obj))}</span>"

    async def get_serialized_pk_value(self, request: Request, obj: Any) -> Any:
        return str(obj.id)

    async def serialize(
        self, obj: Any, request: Request, include_relationships: bool = True, include_select2: bool = False
    ) -> dict[str, Any]:
        row = await super().serialize(obj, request, include_relationships, include_select2)
        row["id"] = await self.get_serialized_pk_value(request, obj)
        if request.state.action == RequestAction.INLINE_EDIT:
            # A cell that is edited in the list carries its version along as a form does.
            request.state.inline = self.form_state(request, row, obj)
        if request.state.action == RequestAction.DETAIL:
            row["_page"] = await self.page(obj, request)
        return row

    async def before_export(self, request: Request, ctx: ExportContext) -> None:
        """What leaves the system is noted first."""
        fields = [field.name for field in ctx.fields]
        await exports.note(actor_of(request), str(self.key), rows=len(ctx.rows), fields=fields, form=ctx.filename)

    def form_state(self, request: Request, obj: dict[str, Any] | None, record: Any) -> dict[str, Any]:
        """What an edit form carries along: nothing for a noun that is only read."""
        return {}

    async def page(self, obj: Any, request: Request) -> dict[str, Any]:
        """What the detail page shows beside the fields."""
        trail = await history.of(actor_of(request), obj.id) if may(request, Scope.AUDIT_READ) else None
        return {"public_id": public_id(obj), "history": trail}
