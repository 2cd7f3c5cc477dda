"""The pages of segments beside the generated ones: members, report, versions, overlap, library."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.flash import flash
from starlette_admin.helpers import detail_url
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import formats, pages
from admin.problems import errors_of, said
from admin.request import actor_of, may, now
from admin.segments import figures, members, past
from admin.segments.library_words import named
from admin.segments.ready import groups
from crm import changes
from crm.access import Scope, need
from crm.database import transaction
from crm.errors import CrmError, NotFound, ValidationFailed
from crm.segments import library, refresh, static, versions
from models import Segment, SegmentVersion


class SegmentPages(CustomView):
    """What is done with segments and read of them."""

    path = "/segments"
    add_to_menu = False

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.SEGMENT_READ)

    @route("", name="segment-root")
    async def index(self, request: Request) -> Response:
        return RedirectResponse(request.url_for("admin:list", key="segment"), 303)

    # parts of a segment's page that are asked for once it is there

    @route("/{key}/members", methods=["GET"], name="segment-members")
    async def members(self, request: Request) -> Response:
        need(actor_of(request), Scope.CUSTOMER_READ)
        segment = await _segment(request)
        query = request.query_params
        found = await members.page(segment.id, query.get("list", "now"), query.get("before", ""))
        return self._part(request, "segments/members.html", {"found": found, "segment": segment})

    @route("/{key}/report", methods=["GET"], name="segment-report")
    async def report(self, request: Request) -> Response:
        segment = await _segment(request)
        days = _among(request.query_params.get("days"), figures.PERIODS, 90)
        try:
            found = await figures.of_segment(actor_of(request), segment, days, now())
        except CrmError as problem:
            return self._part(request, "segments/refused.html", {"message": said(problem)})
        return self._part(request, "segments/report.html", {**found, "segment": segment, "days": days})

    def _part(self, request: Request, template: str, context: dict[str, Any]) -> Response:
        assert self.templates is not None
        return self.templates.TemplateResponse(request, template, context)

    # hand-picked members

    @route("/{key}/members", methods=["POST"], name="segment-pick")
    async def pick(self, request: Request) -> Response:
        segment, form = await _segment(request), await request.form()
        taking = form.get("do") == "remove"
        try:
            meant = await members.meant(actor_of(request), str(form.get("identities") or ""))
            if meant.unknown and form.get("skip") != "1":
                raise _nobody(meant.unknown)
            moved = await self._move(request, segment, meant.customers, taking=taking)
        except CrmError as problem:
            errors = errors_of(problem, ("identities",))
            return JSONResponse({"errors": {str(name): told for name, told in errors.items()}}, problem.status)
        told = (
            _("%(number)s customers left the segment.") if taking else _("%(number)s customers came into the segment.")
        )
        flash(request, told % {"number": formats.number(moved)}, "success")
        return JSONResponse({"redirect": str(detail_url(request, "segment", str(segment.id)))})

    async def _move(self, request: Request, segment: Segment, customers: list[UUID], *, taking: bool) -> int:
        act, moved = (static.remove if taking else static.add), 0
        async with transaction():
            for start in range(0, len(customers), static.MAX_AT_ONCE):
                some = customers[start : start + static.MAX_AT_ONCE]
                moved += len(await act(actor_of(request), segment.id, some, now=now()))
        return moved

    @route("/{key}/evaluate", methods=["POST"], name="segment-evaluate")
    async def evaluate(self, request: Request) -> Response:
        segment = await _segment(request)
        moved = await refresh.ask(actor_of(request), segment.id, now=now())
        told = (
            _("The members follow the rule as of now.")
            if moved
            else _("It takes longer and goes on in the background.")
        )
        flash(request, told, "success")
        return RedirectResponse(detail_url(request, "segment", str(segment.id)), 303)

    # versions

    @route("/{key}/versions", methods=["GET"], name="segment-versions")
    async def versions(self, request: Request) -> Response:
        segment = await _segment(request)
        context = {"segment": segment, "title": named(segment.name), "versions": await past.versions(segment.id)}
        return pages.render(self, request, "segments/versions.html", context)

    @route("/{key}/versions/{number}", methods=["GET", "POST"], name="segment-version")
    async def version(self, request: Request) -> Response:
        """An earlier rule beside the one in force, who would come and go, and the button that brings it back."""
        segment = await _segment(request)
        old = await SegmentVersion.get_or_none(segment_id=segment.id, number=_number(request))
        if old is None:
            raise HTTPException(404)
        if request.method == "POST":
            return await self._bring_back(request, segment, old)
        difference, problem = None, None
        if may(request, Scope.SEGMENT_WRITE):
            try:
                difference = await versions.difference(
                    actor_of(request), segment.id, old.rule_text, now=now(), patience=2.0
                )
            except CrmError as refused:
                problem = said(refused)
        context = {
            "segment": segment,
            "title": named(segment.name),
            "old": old,
            "difference": difference,
            "problem": problem,
            "pieces": list(past.words(segment.rule_text or "", old.rule_text)),
        }
        return pages.render(self, request, "segments/version.html", context)

    async def _bring_back(self, request: Request, segment: Segment, old: SegmentVersion) -> Response:
        expected = str((await request.form()).get("expected_version") or "")
        version = int(expected) if expected.isdigit() and len(expected) < 10 else None
        try:
            await versions.change(actor_of(request), segment.id, old.rule_text, expected_version=version, now=now())
        except CrmError as problem:
            flash(request, said(problem), "error")
            return RedirectResponse(request.url_for("admin:segment-version", key=segment.id, number=old.number), 303)
        await refresh.soon(actor_of(request), segment.id, now=now())
        flash(request, _("The earlier rule is in force again."), "success")
        return RedirectResponse(detail_url(request, "segment", str(segment.id)), 303)


class LibraryPage(CustomView):
    """Ready-made segments."""

    path = "/segment-library"
    route_name = "segment-library"
    icon = "fa-solid fa-book-open"
    menu_label = lazy("Ready-made")

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.SEGMENT_READ)

    @route("", methods=["GET", "POST"])
    async def index(self, request: Request) -> Response:
        if request.method == "GET":
            return await self._page(request, {}, 200)
        group = str((await request.form()).get("group") or "")
        try:
            made = await library.install(actor_of(request), [group], now=now())
        except CrmError as problem:
            return await self._page(request, {group: said(problem)}, problem.status)
        told = _("%(number)s segments are installed.") % {"number": formats.number(len(made))}
        flash(request, told, "success")
        return RedirectResponse(f"{request.url_for('admin:segment-library')}#{group}", 303)

    async def _page(self, request: Request, errors: dict[str, str], status: int) -> Response:
        context = {"groups": await groups(), "errors": errors}
        return pages.render(self, request, "segments/library.html", context, status)


def _nobody(unknown: list[str]) -> ValidationFailed:
    shown = _(", ").join(unknown[:10]) + ("…" if len(unknown) > 10 else "")
    told = _("%(number)s entries mean no customer, or more than one: %(entries)s")
    return ValidationFailed(told % {"number": formats.number(len(unknown)), "entries": shown}, path=("identities",))


async def _segment(request: Request) -> Segment:
    try:
        return await changes.get(Segment, UUID(request.path_params["key"]))
    except (ValueError, NotFound):
        raise HTTPException(404) from None


def _number(request: Request) -> int:
    text = str(request.path_params["number"])
    return int(text) if text.isdigit() and len(text) < 9 else 0


def _among(text: str | None, known: tuple[int, ...], usual: int) -> int:
    return next((number for number in known if str(number) == text), usual)
