"""The addresses of records' pages, worked out once a page rather than once a row: routing costs more than a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote_plus

from starlette.requests import Request
from starlette_admin import helpers

PLACE = "~"
Address = Callable[[Request, str, Any], str]


def of_detail(request: Request, key: str, pk: Any) -> str:
    """The page of a record, which leads back to where it was opened."""
    return _filled(helpers.detail_url, request, key, pk)


def of_edit(request: Request, key: str, pk: Any) -> str:
    """The form of a record."""
    return _filled(helpers.edit_url, request, key, pk)


def _filled(address: Address, request: Request, key: str, pk: Any) -> str:
    if not hasattr(request.state, "addresses"):
        request.state.addresses = {}
    known: dict[Any, tuple[str, str]] = request.state.addresses
    # Where a page leads back to depends on what is being done; the library's helpers ask for these two.
    asked = (address, key, getattr(request.state, "action", None), getattr(request.state, "origin_override", None))
    if asked not in known:
        before, _place, after = address(request, key, PLACE).partition(f"pk={PLACE}")
        known[asked] = (f"{before}pk=", after)
    before, after = known[asked]
    return f"{before}{quote_plus(str(pk))}{after}"
