"""Pages written by hand: rendering them in the panel's layout."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette_admin import CustomView


def render(view: CustomView, request: Request, template: str, context: dict[str, Any], status: int = 200) -> Response:
    """A page of a view, with the messages that wait for the reader."""
    assert view._admin is not None
    whole = {"title": view.title(request), "page": view, **context}
    return view._admin._template_response(request, template, whole, status)
