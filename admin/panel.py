"""starlette-admin's application with what it leaves open closed."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import route
from starlette_admin.contrib.tortoise import Admin


class Panel(Admin):
    """The library's own application, which forgets to close uploaded files."""

    @route("/_api/{key}/import", methods=["POST"], name="import")
    async def _render_import(self, request: Request) -> Response:
        try:
            answer: Response = await super()._render_import(request)
            return answer
        finally:
            await request.close()
