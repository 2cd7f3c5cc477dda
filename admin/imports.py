"""Taking in a file of customers, orders or interactions: its columns, a trial, the import, its refused rows."""

from __future__ import annotations

import asyncio
from itertools import islice
from typing import Any
from uuid import UUID

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette_admin import CustomView, route
from starlette_admin.flash import flash
from starlette_admin.helpers import detail_url
from starlette_admin.i18n import get_timezone, ngettext
from starlette_admin.i18n import gettext as _
from starlette_admin.i18n import lazy_gettext as lazy

from admin import choices, import_words, pages
from admin.problems import said
from admin.request import actor_of, may, now
from crm import codes, imports
from crm.access import Scope
from crm.changes import get
from crm.errors import CrmError
from crm.imports import ImportKind, Options, Style
from crm.imports.reading import open_table
from models import ImportRun

TRIED = 5_000
"""Rows of a file that a dry run goes through."""

SAMPLES = 3
PATIENCE = 4.0
"""Seconds that an import may take before the reader is sent to its page, where it goes on."""

_running: set[asyncio.Task[ImportRun]] = set()


class ImportPages(CustomView):
    """The wizard; its page keeps the chosen file, and each step brings the next part of the form."""

    path = "/imports"
    route_name = "imports"
    icon = "fa-solid fa-file-arrow-up"
    menu_label = lazy("Import a file")

    def is_accessible(self, request: Request) -> bool:
        return may(request, Scope.IMPORT_RUN)

    @route("", methods=["GET"], name="imports")
    async def index(self, request: Request) -> Response:
        return pages.render(self, request, "import_new.html", {"kinds": _kinds(request)})

    @route("/read", methods=["POST"], name="import-read")
    async def read(self, request: Request) -> Response:
        """What stands in the file, and what its headings are taken to mean."""
        form = await request.form()
        try:
            kind, data, _name = await _given(form)
            columns, guessed = await imports.understand(kind, data)
            context = {
                "kind": kind,
                "columns": samples(data),
                "mapping": guessed,
                "targets": await import_words.targets(kind),
                "ratings": import_words.ratings(kind, columns, guessed),
                "zones": choices.time_zones(request),
                "zone": get_timezone(),
            }
            return self._part(request, "parts/import_mapping.html", context)
        except CrmError as problem:
            return self._refused(request, problem)
        finally:
            await form.close()

    @route("/try", methods=["POST"], name="import-try")
    async def attempt(self, request: Request) -> Response:
        """What would become of the first rows; nothing of it stays."""
        form = await request.form()
        try:
            kind, data, name = await _given(form)
            run = await imports.try_out(
                actor_of(request), kind, data, name=name, now=now(), mapping=_mapping(form), options=_options(form),
                rows=TRIED,
            )  # fmt: skip
            return self._part(request, "parts/import_tried.html", {"run": run, "tried": TRIED})
        except CrmError as problem:
            return self._refused(request, problem)
        finally:
            await form.close()

    @route("/run", methods=["POST"], name="import-run")
    async def run(self, request: Request) -> Response:
        form = await request.form()
        try:
            kind, data, name = await _given(form)
            await _start(request, kind, data, name, form)
        except CrmError as problem:
            return self._refused(request, problem)
        finally:
            await form.close()
        latest = await ImportRun.filter(actor_id=actor_of(request).id, kind=kind.value).order_by("-updated_at").first()
        target = detail_url(request, "import_run", str(latest.id)) if latest else str(request.url_for("admin:imports"))
        return JSONResponse({"redirect": target})

    @route("/{key}/refused.csv", methods=["GET"], name="import-refused")
    async def refused(self, request: Request) -> Response:
        _need_clear(request)
        run = await _run(request)
        headers = {"content-disposition": 'attachment; filename="refused.csv"'}
        return Response(imports.as_csv(run.refused).encode("utf-8-sig"), headers=headers, media_type="text/csv")

    @route("/{key}/correct", methods=["POST"], name="import-correct")
    async def correct(self, request: Request) -> Response:
        _need_clear(request)
        run, form = await _run(request), await request.form()
        back = RedirectResponse(detail_url(request, "import_run", str(run.id)), 303)
        try:
            _changed, taken = await imports.correct(actor_of(request), run.id, corrected(run, form), now=now())
        except CrmError as problem:
            flash(request, said(problem), "error")
            return back
        message = ngettext("%d row was taken in.", "%d rows were taken in.", taken) % taken
        flash(request, message, "success" if taken else "warning")
        return back

    def _part(self, request: Request, template: str, context: dict[str, Any], status: int = 200) -> Response:
        assert self.templates is not None
        return self.templates.TemplateResponse(request, template, context, status_code=status)

    def _refused(self, request: Request, problem: CrmError) -> Response:
        return self._part(request, "parts/import_refused.html", {"message": said(problem)}, 422)


def _kinds(request: Request) -> list[tuple[str, str]]:
    named = {
        ImportKind.CUSTOMERS: (Scope.CUSTOMER_WRITE, _("Customers")),
        ImportKind.ORDERS: (Scope.ORDER_WRITE, _("Orders")),
        ImportKind.INTERACTIONS: (Scope.INTERACTION_WRITE, _("Interactions")),
    }
    return [(kind.value, label) for kind, (scope, label) in named.items() if may(request, scope)]


async def _given(form: FormData) -> tuple[ImportKind, bytes, str]:
    file, kind = form.get("file"), str(form.get("kind") or "")
    if not isinstance(file, UploadFile) or not file.filename or kind not in set(ImportKind):
        raise CrmError(_("Choose a file, and what is in it."), path=("file",))
    return ImportKind(kind), await file.read(), file.filename


def samples(data: bytes) -> list[tuple[str, list[str]]]:
    """Each column of the file with the first things that stand in it."""
    table = open_table(data)
    rows = [line.cells for line in islice(table.lines(), 50)]
    return [(column, [row[column] for row in rows if row.get(column)][:SAMPLES]) for column in table.columns if column]


def _mapping(form: FormData) -> dict[str, str]:
    """Column → target as the form has it; the nameless pair of boxes of a row stand in the same order."""
    columns, targets = form.getlist("column"), form.getlist("target")
    return {str(column): str(target) for column, target in zip(columns, targets, strict=False)}


def _options(form: FormData) -> Options:
    order = str(form.get("date_order") or "") or None
    zone = str(form.get("time_zone") or "UTC")
    style = Style(
        order if order in ("DMY", "MDY") else None,
        form.get("decimal_comma") == "1",
        zone if zone in codes.time_zones() else "UTC",
    )
    source = str(form.get("source") or "").strip()[:80] or "import"
    return Options(source, form.get("create_customers") == "1", style)


async def _start(request: Request, kind: ImportKind, data: bytes, name: str, form: FormData) -> None:
    """Import; a long one goes on after the answer, and if it is cut short the same file again takes up from there."""
    work = imports.import_file(
        actor_of(request), kind, data, name=name, now=now(), mapping=_mapping(form), options=_options(form)
    )
    task = asyncio.create_task(work)
    _running.add(task)
    task.add_done_callback(_running.discard)
    done, _waiting = await asyncio.wait({task}, timeout=PATIENCE)
    if done:
        task.result()


async def _run(request: Request) -> ImportRun:
    try:
        return await get(ImportRun, UUID(request.path_params["key"]))
    except ValueError:
        raise HTTPException(404) from None


def _need_clear(request: Request) -> None:
    """Refused rows hold addresses and numbers as they were sent."""
    if not may(request, Scope.PII_READ):
        raise HTTPException(403)


def corrected(run: ImportRun, form: FormData) -> dict[int, dict[str, str]]:
    """Line → the cells that were changed in the form, for lines of which some were."""
    found: dict[int, dict[str, str]] = {}
    for row in run.refused:
        columns = list(row["row"])
        typed = [str(cell).strip() for cell in form.getlist(f"line-{row['line']}")]
        pairs = zip(columns, typed, strict=False)
        changed = {column: cell for column, cell in pairs if cell != row["row"][column]}
        if changed:
            found[row["line"]] = changed
    return found
