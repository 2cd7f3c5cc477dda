"""starlette-admin's application with what it leaves open closed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import route
from starlette_admin.contrib.tortoise import Admin

from admin import saved_views
from admin.base import RecordView


class Panel(Admin):
    """The library's own application, which forgets to close uploaded files, with saved views above its lists."""

    @route("/{key}/list", methods=["GET"], name="list")
    async def _render_list(self, request: Request) -> Response:
        view = self._find_view_by_key(request.path_params["key"])
        if view.is_accessible(request):
            request.state.saved_views = await saved_views.offered(request, request.path_params["key"])
            request.state.boxes = await view.boxes(request) if isinstance(view, RecordView) else None
        answer: Response = await super()._render_list(request)
        return answer

    @route("/{key}/create", methods=["GET", "POST"], name="create")
    async def _render_create(self, request: Request) -> Response:
        answer: Response = await super()._render_create(request)
        # What a view has to show but once, such as a secret, comes instead of the way back to its list.
        instead: Response | None = getattr(request.state, "instead", None)
        return instead or answer

    @route("/_api/{key}/import", methods=["POST"], name="import")
    async def _render_import(self, request: Request) -> Response:
        try:
            answer: Response = await super()._render_import(request)
            return answer
        finally:
            await request.close()
