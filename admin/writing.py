"""Generated pages of a noun that staff write: every change goes through a use case."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette_admin import RequestAction
from starlette_admin.exceptions import ActionFailed, FormValidationError
from starlette_admin.i18n import gettext as _

from admin import conflicts
from admin.base import RecordView
from admin.fields import Typed
from admin.problems import GENERAL, refusal, said
from admin.readable import readable
from admin.request import actor_of, may, now
from crm.access import Actor, Scope
from crm.database import transaction
from crm.errors import CrmError, VersionConflict
from models.base import Record


class UseCaseView(RecordView):
    """A noun that staff write; `add`, `change` and `remove` call its use cases.

    starlette-admin's forms, imports and inline edits all come through `create`, `edit` and `delete` here. Only what
    somebody touched is passed on, so that two people who edit different fields of a record do not undo each other.
    """

    writes: ClassVar[Scope]
    optional: ClassVar[Sequence[str]] = ()
    """Columns that may not be empty but that the use cases fill by themselves."""

    def __init__(self) -> None:
        super().__init__()
        for field in self.fields:
            if field.name in self.optional:
                field.required = False

    async def add(self, actor: Actor, values: dict[str, Any], at: datetime) -> Record:
        raise NotImplementedError

    async def change(
        self, actor: Actor, key: UUID, version: int | None, values: dict[str, Any], at: datetime
    ) -> Record:
        raise NotImplementedError

    async def remove(self, actor: Actor, key: UUID, at: datetime) -> None:
        raise NotImplementedError

    def _does(self, verb: str, request: Request) -> bool:
        return getattr(type(self), verb) is not getattr(UseCaseView, verb) and may(request, self.writes)

    def can_create(self, request: Request) -> bool:
        return self._does("add", request)

    def can_edit(self, request: Request) -> bool:
        return self._does("change", request)

    def can_delete(self, request: Request) -> bool:
        return self._does("remove", request)

    def can_import(self, request: Request) -> bool:
        return bool(self.importers) and self.can_create(request) and may(request, Scope.IMPORT_RUN)

    async def create(self, request: Request, data: dict[str, Any]) -> Any:
        given = {name: value for name, value in data.items() if value not in (None, "", [])}
        try:
            return await self.add(actor_of(request), self.columns(given), now())
        except CrmError as problem:
            await self._keep_typed(request, data)
            raise refusal(problem, self._names()) from problem

    async def edit(self, request: Request, pk: Any, data: dict[str, Any]) -> Any:
        given = await self._touched(request, data)
        key, version = UUID(str(pk)), await _expected_version(request)
        try:
            return await self.change(actor_of(request), key, version, self.columns(given), now())
        except VersionConflict as conflict:
            raise await self._conflict(request, key, data, set(given), conflict, version) from conflict
        except CrmError as problem:
            await self._keep_typed(request, data)
            raise refusal(problem, self._names()) from problem

    async def delete(self, request: Request, pks: list[Any]) -> int | None:
        """All of them or none."""
        try:
            async with transaction():
                for pk in pks:
                    await self.remove(actor_of(request), UUID(str(pk)), now())
        except CrmError as problem:
            raise ActionFailed(said(problem)) from problem
        return len(pks)

    async def validate_fields(self, request: Request, data: dict[str, Any], exclude: Collection[str] = ()) -> None:
        try:
            await super().validate_fields(request, data, exclude=exclude)
        except FormValidationError:
            await self._keep_typed(request, data)
            raise

    def columns(self, data: dict[str, Any]) -> dict[str, Any]:
        """Form values by the names that use cases know: a relation is its key."""
        relations = self.model._meta.fk_fields
        return {
            (f"{name}_id" if name in relations else name): (_uuid(value) if name in relations else value)
            for name, value in data.items()
        }

    def _names(self) -> set[str]:
        return {field.name for field in self.fields}

    def _typed_fields(self, request: Request) -> list[Typed]:
        fields = self.get_fields_list(request)
        return [field for field in fields if isinstance(field, Typed) and not field.read_only]

    async def _touched(self, request: Request, data: dict[str, Any]) -> dict[str, Any]:
        if request.state.action == RequestAction.IMPORT:
            return {name: value for name, value in data.items() if value is not None}
        shown, form = await _shown(request), await request.form()
        changed = {field.name for field in self._typed_fields(request) if field.typed(form) != shown.get(field.name)}  # type: ignore[attr-defined]
        return {name: value for name, value in data.items() if name in changed}

    async def _keep_typed(self, request: Request, data: dict[str, Any]) -> None:
        """Give the form back what was typed, letter by letter, rather than what was read out of it."""
        if request.state.action == RequestAction.IMPORT:
            return
        form = await request.form()
        data.update({field.name: field.typed(form) for field in self._typed_fields(request)})  # type: ignore[attr-defined]
        request.state.shown = str(form.get("_shown") or "{}")
        request.state.expected_version = await _expected_version(request)

    async def _conflict(
        self,
        request: Request,
        key: UUID,
        data: dict[str, Any],
        touched: set[str],
        conflict: VersionConflict,
        version: int | None,
    ) -> FormValidationError:
        """What was typed stays; what others changed and nobody here touched takes its new value."""
        await self._keep_typed(request, data)
        meanwhile = await conflicts.since(actor_of(request), key, conflict.current_version - (version or 0))
        current = await self.serialize(await self.find_by_pk(request, key), request)
        fields = {field.name: field for field in self._typed_fields(request)}  # type: ignore[attr-defined]
        fresh = {name: field.shown(current.get(name)) for name, field in fields.items()}
        data.update({name: value for name, value in fresh.items() if name not in touched})
        request.state.meanwhile = meanwhile
        request.state.shown = orjson.dumps(fresh).decode()
        request.state.expected_version = conflict.current_version
        both = {name: value for name, value in conflicts.columns(meanwhile).items() if name in touched}
        marked: dict[str | int, Any] = {
            name: _("Somebody set this to: %(value)s") % {"value": readable(value)} for name, value in both.items()
        }
        return FormValidationError(marked or {GENERAL: _("Look at what changed, then save again.")})

    def form_state(self, request: Request, obj: dict[str, Any] | None, record: Any) -> dict[str, Any]:
        """What an edit form carries along: the version and the values that it was opened with."""
        kept = getattr(request.state, "shown", None)
        shown = {f.name: f.shown((obj or {}).get(f.name)) for f in self._typed_fields(request)}  # type: ignore[attr-defined]
        return {
            "shown": orjson.dumps(shown).decode() if kept is None else kept,
            "version": getattr(request.state, "expected_version", None) or getattr(record, "version", ""),
            "meanwhile": getattr(request.state, "meanwhile", []),
        }


def _uuid(value: Any) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None


async def _expected_version(request: Request) -> int | None:
    if request.state.action == RequestAction.IMPORT:
        return None
    text = str((await request.form()).get("expected_version") or "")
    return int(text) if text.isdigit() and len(text) < 10 else None


async def _shown(request: Request) -> dict[str, Any]:
    """The values that the form was opened with; without them everything counts as touched."""
    try:
        found = orjson.loads(str((await request.form()).get("_shown") or "{}"))
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
