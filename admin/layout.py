"""How the fields of a form are laid out; starlette-admin takes names of fields wherever it says widget."""

from __future__ import annotations

from typing import Any, cast

from starlette_admin.widgets import FieldsetWidget, RowWidget


def row(*names: str) -> RowWidget:
    """Fields beside each other."""
    return RowWidget(children=cast("Any", list(names)))


def group(legend: str, *children: str | RowWidget) -> FieldsetWidget:
    """Fields under a legend of their own."""
    return FieldsetWidget(legend=legend, children=cast("Any", list(children)))
