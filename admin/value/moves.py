"""Who went from which cell to which, as a grid of rows and columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from admin import formats


class Move(Protocol):
    """What both kinds of migration tell."""

    @property
    def origin(self) -> str | None: ...
    @property
    def target(self) -> str | None: ...
    @property
    def customers(self) -> int: ...


def grid(
    moves: Iterable[Move], order: Sequence[str | None], names: Mapping[str | None, str], *, currency: str
) -> dict[str, Any]:
    """Rows are where customers were, columns where they are; a cell's depth is its share of its row, 0 to 1."""
    found = {(move.origin, move.target): move for move in moves}
    there = [key for key in order if any(key in pair for pair in found)]
    rows = []
    for origin in there:
        line = [found.get((origin, target)) for target in there]
        total = sum(move.customers for move in line if move)
        cells = [_cell(move, total, origin == target, currency) for move, target in zip(line, there, strict=True)]
        rows.append({"name": names[origin], "total": formats.number(total), "cells": cells})
    return {"names": [names[key] for key in there], "rows": rows, "stayed": _stayed(found)}


def _cell(move: Any, total: int, stayed: bool, currency: str) -> dict[str, Any]:
    if move is None:
        return {"customers": formats.NOTHING, "share": "", "depth": 0.0, "stayed": stayed, "profit": ""}
    share = move.customers / total if total else 0.0
    return {
        "customers": formats.number(move.customers),
        "share": formats.percent(share),
        "depth": round(share, 3),
        "stayed": stayed,
        "profit": "" if not move.profit else formats.signed(formats.short_money(move.profit, currency), move.profit),
    }


def _stayed(found: Mapping[tuple[str | None, str | None], Any]) -> str:
    everybody = sum(move.customers for move in found.values())
    same = sum(move.customers for (origin, target), move in found.items() if origin == target)
    return formats.percent(same / everybody) if everybody else formats.NOTHING
