"""A customer's relationships as a drawing: the customer in the middle, the others around it; no script needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 440, 300
MOST = 12
"""Neighbours that are drawn; the list beside names all."""

_NAME = 18


@dataclass(frozen=True, slots=True)
class Point:
    """Someone in the drawing: where, what is written, and where it leads; `outward` where the link begins inside."""

    x: float
    y: float
    name: str
    label: str
    id: str
    outward: bool
    ended: bool

    @property
    def edge(self) -> tuple[float, float, float, float]:
        """The line from the middle, which leaves room for both circles."""
        dx, dy = self.x - WIDTH / 2, self.y - HEIGHT / 2
        length = math.hypot(dx, dy) or 1.0
        ux, uy = dx / length, dy / length
        inner = (WIDTH / 2 + ux * 30, HEIGHT / 2 + uy * 30)
        outer = (self.x - ux * 12, self.y - uy * 12)
        (x1, y1), (x2, y2) = (inner, outer) if self.outward else (outer, inner)
        return round(x1, 1), round(y1, 1), round(x2, 1), round(y2, 1)


def drawn(links: Sequence[dict[str, Any]]) -> list[Point]:
    """The first MOST links, evenly around an ellipse, beginning at the top."""
    shown = links[:MOST]
    return [_point(link, index, len(shown)) for index, link in enumerate(shown)]


def _point(link: dict[str, Any], index: int, count: int) -> Point:
    angle = 2 * math.pi * index / count - math.pi / 2
    x = WIDTH / 2 + math.cos(angle) * (WIDTH / 2 - 90)
    y = HEIGHT / 2 + math.sin(angle) * (HEIGHT / 2 - 44)
    name = str(link["display_name"])
    short = name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
    ended = link["until"] is not None
    return Point(round(x, 1), round(y, 1), short, link["label"], str(link["other_id"]), bool(link["outward"]), ended)
