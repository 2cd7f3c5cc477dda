"""Form fields that keep what was typed: text that cannot be read stays in the form, with the reason beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, ClassVar, cast

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette_admin import (
    BaseField,
    BooleanField,
    DateField,
    DateTimeField,
    DecimalField,
    EnumField,
    HasOne,
    IntegerField,
    RequestAction,
    StringField,
    TextAreaField,
)
from starlette_admin.i18n import get_tzinfo
from starlette_admin.i18n import gettext as _

from admin import date_filters, dates, formats, words
from admin.request import may
from crm.access import SCOPE_HELP


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Typed text that is no value of the field."""

    text: str
    reason: str

    def __str__(self) -> str:
        return self.text


class Typed:
    """What a field shows in a form, and what was typed into it, in one comparable form."""

    id: str

    def typed(self, form: FormData) -> Any:
        return str(form.get(self.id) or "").replace("\r\n", "\n").strip()

    def shown(self, serialized: Any) -> Any:
        return "" if serialized is None else str(serialized).replace("\r\n", "\n").strip()


def _kept(value: Any) -> None:
    if isinstance(value, Unreadable):
        raise ValueError(value.reason)


class Readable(Typed):
    """Parses by `read`, which raises ValueError for text that it cannot read."""

    def read(self, text: str) -> Any:
        return text

    def complaint(self) -> str:
        return _("This cannot be read.")

    async def parse_form_data(self, request: Request, form_data: FormData) -> Any:
        return self._parse(self.typed(form_data))

    async def parse_import_value(self, request: Request, value: Any) -> Any:
        return self._parse(str("" if value is None else value).strip())

    def _parse(self, text: str) -> Any:
        if not text:
            return None
        try:
            return self.read(text)
        except (ValueError, InvalidOperation, OverflowError):
            return Unreadable(text, self.complaint())

    async def validate(self, request: Request, value: Any, form_values: dict[str, Any]) -> None:
        _kept(value)
        await super().validate(request, value, form_values)  # type: ignore[misc]


@dataclass
class Text(Readable, StringField):
    """A line of text; `told` says it as the reader reads it."""

    told: Callable[[str], str] | None = None

    async def serialize_value(self, request: Request, value: Any) -> Any:
        if self.told and _for_reading(request):
            return self.told(str(value))
        return await super().serialize_value(request, value)


@dataclass
class Key(Text):
    """The key of a segment, lifecycle or stage, offered by name while one types."""

    noun: str = ""
    form_template: str = "fields/key_form.html"


def _word(value: str) -> str:
    return words.value(value.upper())


@dataclass
class Worded(Text):
    """A word of the product that is stored as text, such as a group's key."""

    told: Callable[[str], str] | None = _word


@dataclass
class Named(Text):
    """A name that the product itself may have given: then it reads in the reader's language, stored as it is."""

    told: Callable[[str], str] | None = words.name


def _for_reading(request: Request) -> bool:
    return request.state.action in (RequestAction.LIST, RequestAction.DETAIL)


@dataclass
class LongText(Readable, TextAreaField):
    """Several lines of text."""

    rows: int = 4


@dataclass
class Whole(Readable, IntegerField):
    """A whole number; Persian and Arabic digits are read too."""

    numeric: ClassVar[bool] = True

    def read(self, text: str) -> int:
        return int(text)

    def complaint(self) -> str:
        return _("Type a whole number, such as 12.")

    async def serialize_value(self, request: Request, value: Any) -> Any:
        return str(value) if request.state.action.is_form() else formats.number(value)


@dataclass
class Amount(Readable, DecimalField):
    """An exact number; with `currency_from` naming the field of its currency, an amount of money."""

    numeric: ClassVar[bool] = True

    currency_from: str | None = None
    decimals: int = 2

    def read(self, text: str) -> Decimal:
        found = Decimal(text.replace(",", "").replace("٬", "").replace("٫", "."))
        if not found.is_finite():
            raise ValueError(text)
        return found

    def complaint(self) -> str:
        return _("Type a number, such as 12.50.")

    async def parse_obj(self, request: Request, obj: Any) -> Any:
        value = await super().parse_obj(request, obj)
        if value is None or request.state.action.is_form() or request.state.action == RequestAction.EXPORT:
            return value
        return formats.money(value, getattr(obj, self.currency_from, None) if self.currency_from else None)

    async def serialize_value(self, request: Request, value: Any) -> Any:
        if isinstance(value, Decimal):
            return format(value.normalize() if value else Decimal(0), "f")
        return str(value)


@dataclass
class Ratio(Readable, StringField):
    """A share between 0 and 1, shown as a percentage."""

    numeric: ClassVar[bool] = True

    async def serialize_value(self, request: Request, value: Any) -> Any:
        return formats.percent(float(value), decimals=1)


@dataclass
class Moment(Readable, DateTimeField):
    """A point in time, typed and shown in the reader's zone and calendar; without scripts, by the browser's picker."""

    class_: str = "form-control"
    step: str | int | None = 1
    short: bool = False
    """Whether lists show only the day."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.filters = date_filters.MOMENT if self.filters is None else self.filters

    def read(self, text: str) -> datetime:
        found = dates.read_moment(text)
        return (found if found.tzinfo else found.replace(tzinfo=get_tzinfo())).astimezone(UTC)

    def complaint(self) -> str:
        return dates.time_complaint()

    async def serialize_value(self, request: Request, value: Any) -> str:
        if request.state.action == RequestAction.EXPORT:
            return cast("datetime", value).astimezone(UTC).isoformat()
        if request.state.action.is_form():
            here = cast("datetime", value).astimezone(get_tzinfo())
            return here.replace(tzinfo=None, microsecond=0).isoformat()
        if request.state.action == RequestAction.LIST and self.short:
            return formats.day(cast("datetime", value).astimezone(get_tzinfo()).date())
        return formats.moment(value)

    def additional_css_links(self, request: Request) -> list[str]:
        return []

    def additional_js_links(self, request: Request) -> list[str]:
        return []


@dataclass
class Day(Readable, DateField):
    """A date, typed and shown in the reader's calendar; without scripts, by the browser's own picker."""

    class_: str = "form-control"
    input_type: str = "date"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.filters = date_filters.DAY if self.filters is None else self.filters

    def read(self, text: str) -> date:
        return dates.read_day(text)

    def complaint(self) -> str:
        return dates.day_complaint()

    async def serialize_value(self, request: Request, value: Any) -> str:
        plain = request.state.action.is_form() or request.state.action == RequestAction.EXPORT
        return cast("date", value).isoformat() if plain else formats.day(value)

    def additional_css_links(self, request: Request) -> list[str]:
        return []

    def additional_js_links(self, request: Request) -> list[str]:
        return []


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


def choice(name: str, enum: type[Enum], **options: Any) -> Choice:
    return Choice(name, choices_loader=lambda request: words.options(enum), **options)


def listed(name: str, loader: Callable[[Request], list[tuple[str, str]]], **options: Any) -> Choice:
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
        name = await other.repr(value, request)
        if request.state.action == RequestAction.EXPORT:
            return name
        return {"id": str(value.id), "name": name, "key": self.key, "open": other.is_accessible(request)}


@dataclass
class Computed(Typed, StringField):
    """Something that is worked out from the record, for reading."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.read_only = True
        self.searchable = self.orderable = False
        self.exclude_from_create = self.exclude_from_edit = True


@dataclass
class Structure(Typed, BaseField):
    """JSON, for reading."""

    list_template: str = "fields/structure.html"
    detail_template: str = "fields/structure.html"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.read_only = True
        self.searchable = self.orderable = False
        self.exclude_from_create = self.exclude_from_edit = True


@dataclass
class Told(Computed):
    """Sentences that are worked out from the record, for reading."""

    list_template: str = "fields/told.html"
    detail_template: str = "fields/told.html"

    async def serialize_value(self, request: Request, value: Any) -> Any:
        return "\n".join(value) if request.state.action == RequestAction.EXPORT else value


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
