"""Fields of days and points in time, typed and shown in the reader's calendar and zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from starlette.requests import Request
from starlette_admin import DateField, DateTimeField, RequestAction
from starlette_admin.i18n import get_tzinfo

from admin import dates, formats
from admin.fields import narrowing
from admin.fields.typed import Readable


class _Picked(Readable):
    """Filled in by the panel's own picker, which every page brings along: the library's files stay away."""

    def additional_css_links(self, request: Request) -> list[str]:
        return []

    def additional_js_links(self, request: Request) -> list[str]:
        return []


@dataclass
class Moment(_Picked, DateTimeField):
    """A point in time; without scripts, chosen by the browser's own picker."""

    class_: str = "form-control"
    step: str | int | None = 1
    short: bool = False
    """Whether lists show only the day."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.filters = narrowing.MOMENT if self.filters is None else self.filters

    def read(self, text: str) -> datetime:
        found = dates.read_moment(text)
        return (found if found.tzinfo else found.replace(tzinfo=get_tzinfo())).astimezone(UTC)

    def complaint(self) -> str:
        return dates.time_complaint()

    async def serialize_value(self, request: Request, value: datetime) -> str:
        action = request.state.action
        if action == RequestAction.EXPORT:
            return value.astimezone(UTC).isoformat()
        here = value.astimezone(get_tzinfo())
        if action.is_form():
            return here.replace(tzinfo=None, microsecond=0).isoformat()
        return formats.day(here.date()) if action == RequestAction.LIST and self.short else formats.moment(value)


@dataclass
class Day(_Picked, DateField):
    """A date; without scripts, chosen by the browser's own picker."""

    class_: str = "form-control"
    input_type: str = "date"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.filters = narrowing.DAY if self.filters is None else self.filters

    def read(self, text: str) -> date:
        return dates.read_day(text)

    def complaint(self) -> str:
        return dates.day_complaint()

    async def serialize_value(self, request: Request, value: date) -> str:
        plain = request.state.action.is_form() or request.state.action == RequestAction.EXPORT
        return value.isoformat() if plain else formats.day(value)
