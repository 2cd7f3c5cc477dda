"""A page of reports that are kept: its form in the address, its figures fetched after it, and worked out anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import CustomView
from starlette_admin.i18n import gettext as _

from admin import messages
from admin.problems import said
from admin.request import actor_of, now
from crm.errors import CrmError
from crm.lifecycle.reports.frame import Grain
from crm.reports import kept
from crm.reports.kept import Answer
from crm.reports.question import Question, Report, usual_days

Drawn = Callable[[Any], Awaitable[dict[str, Any]]]
"""What a template shows of the figures that were found."""


async def show(
    view: CustomView, request: Request, template: str, question: Question | None, draw: Drawn, context: dict[str, Any]
) -> Response:
    """The figures, or, while they are worked out, that they are; nothing while the reader has seen the newest.

    A form with errors asks no question.
    """
    assert view.templates is not None
    found: dict[str, Any] = {"problem": "", "answer": None}
    try:
        found |= {} if question is None else await _answered(request, question, draw)
    except CrmError as refused:
        found["problem"] = said(refused)
    seen = _seen(found["answer"])
    if request.query_params.get("seen") == seen and found["answer"].renewing:
        return Response(status_code=204)
    here = request.url.remove_query_params(["renew", "seen"])
    again = {
        "renew": here.include_query_params(renew="1").query,
        "seen": here.include_query_params(seen=seen).query,
    }
    return view.templates.TemplateResponse(request, template, context | again | found)


async def _answered(request: Request, question: Question, draw: Drawn) -> dict[str, Any]:
    renew = request.query_params.get("renew") == "1"
    answer = await kept.ask(actor_of(request), question, now=now(), renew=renew)
    if answer.found is None:
        return {"answer": answer, "problem": messages.read(answer.problem) if answer.problem else ""}
    return {"answer": answer, **await draw(answer.found)}


def _seen(answer: Answer | None) -> str | None:
    """By what a page recognises the figures that it shows."""
    return None if answer is None else answer.worked_at.isoformat() if answer.worked_at else "nothing"


@dataclass(frozen=True, slots=True)
class Days:
    """A report's period: as typed, the first day and the one after the last, and what is wrong with them by field.

    `both` is None twice for the usual days, which move on with the calendar.
    """

    since: str
    until: str
    both: tuple[date | None, date | None]
    errors: dict[str, str]


async def days(query: QueryParams, report: Report, lifecycle: str, zone: str, at: datetime) -> Days:
    """Read the period of a report's form; what cannot be read is told, and what is missing is as usual."""
    usual = await usual_days(report, lifecycle, zone, at)
    since, until = query.get("since") or usual[0].isoformat(), query.get("until") or usual[1].isoformat()
    errors: dict[str, str] = {}
    first, last = _day(since, "since", errors), _day(until, "until", errors)
    if first and last and first >= last:
        errors["until"] = _("The period ends before it begins; give a later day.")
    return Days(since, until, (None, None) if (first, last) == usual else (first, last), errors)


def _day(text: str, name: str, errors: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors[name] = _("Type a day such as 2026-03-21.")
        return None


def grain_name(grain: Grain) -> str:
    return {
        Grain.DAY: _("Day"),
        Grain.WEEK: _("Week"),
        Grain.MONTH: _("Month"),
        Grain.QUARTER: _("Quarter"),
        Grain.YEAR: _("Year"),
    }[grain]
