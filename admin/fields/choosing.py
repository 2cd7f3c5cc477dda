"""Fields that are ticked or chosen rather than typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette_admin import BaseField, BooleanField, EnumField, HasOne, RequestAction
from starlette_admin.i18n import gettext as _

from admin.fields.typed import Typed
from admin.request import may
from crm.access import SCOPE_HELP
from crm.changes import public_id


@dataclass
class Flag(Typed, BooleanField):
    """Yes or no."""

    def typed(self, form: FormData) -> Any:
        return self.id in form

    def shown(self, serialized: Any) -> Any:
        return bool(serialized)


@dataclass
class Choice(Typed, EnumField):
    """One of an enum's values, in the reader's language."""

    closed: bool = True
    """Whether only the listed values are taken; else the use case judges, and a rarer value stays choosable."""
    form_template: str = "fields/choice_form.html"
    list_template: str = "fields/badge.html"
    detail_template: str = "fields/badge.html"

    def _get_label(self, value: Any, request: Request) -> Any:
        return self._labels(request).get(value, value)

    def _labels(self, request: Request) -> dict[Any, Any]:
        """Found once for a page: a list asks for every row, and time zones are read from the disk."""
        kept = getattr(request.state, "labels_of_choices", None)
        if kept is None:
            kept = request.state.labels_of_choices = {}
        if id(self) not in kept:
            kept[id(self)] = dict(self._get_choices(request))
        found: dict[Any, Any] = kept[id(self)]
        return found

    async def validate(self, request: Request, value: Any, form_values: dict[str, Any]) -> None:
        await super().validate(request, value, form_values)
        if self.closed and value and value not in self._labels(request):
            raise ValueError(_("This is none of the choices."))


def listed(name: str, loader: Callable[[Request], list[tuple[str, str]]], **options: Any) -> Choice:
    """A column of text whose usual values are offered, and read as text rather than as a badge."""
    plain = {"list_template": "fields/list/text.html", "detail_template": "fields/detail/text.html"}
    return Choice(name, choices_loader=loader, closed=False, **{**plain, **options})


@dataclass
class One(Typed, HasOne):
    """A link to one record of another noun, shown by its name and chosen by searching."""

    list_template: str = "fields/one.html"
    detail_template: str = "fields/one.html"
    form_template: str = "fields/one_form.html"

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        """Only what is loaded already; a list must not ask once per row."""
        return await super().parse_obj(request, obj) if getattr(obj, f"{self.name}_id", None) else None

    async def serialize_value(self, request: Request, value: Any) -> Any:
        assert self._view is not None
        if request.state.action.is_form():
            return str(value.id)
        other = self._view._find_foreign_view(self.key or "")
        # Who may not read the other noun is not told its names either.
        seen = other.is_accessible(request)
        name = await other.repr(value, request) if seen else public_id(value)
        if request.state.action == RequestAction.EXPORT:
            return name
        return {"id": str(value.id), "name": name, "key": self.key, "open": seen}


@dataclass
class Scopes(Typed, BaseField):
    """A set of scopes, as boxes to tick, each with what it allows."""

    form_template: str = "fields/scopes_form.html"
    list_template: str = "fields/tags.html"
    detail_template: str = "fields/tags.html"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.searchable = self.orderable = False

    def offered(self, request: Request, data: Any) -> list[tuple[str, str]]:
        """What may be ticked, with what it allows: one's own scopes, and those that are ticked already."""
        return [
            (scope.value, text) for scope, text in SCOPE_HELP.items() if may(request, scope) or scope in (data or ())
        ]

    def typed(self, form: FormData) -> Any:
        return sorted(str(entry) for entry in form.getlist(self.id))

    def shown(self, serialized: Any) -> Any:
        return sorted(serialized or [])

    async def parse_form_data(self, request: Request, form_data: FormData) -> Any:
        return self.typed(form_data)
