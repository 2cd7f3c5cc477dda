"""Drawing a lifecycle: stages in layers along the path, resting and lost ones in lanes below, moves as curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from crm.lifecycle.definition import Definition, EdgeDefinition, StageDefinition
from models import StageOutcome

WIDTH, HEIGHT = 136, 56
ACROSS, DOWN, LANE = 40, 26, 62
MARGIN, TOP = 24, 64
"""All in the drawing's own units, which the page scales to its width."""


@dataclass(frozen=True, slots=True)
class Box:
    """A stage at its place; `x` and `y` are its upper left corner."""

    stage: StageDefinition
    x: float
    y: float
    lane: int


@dataclass(frozen=True, slots=True)
class Curve:
    """A move: an SVG path from box to box, and the place of its label."""

    edge: EdgeDefinition
    path: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """Everything on a canvas of `width` × `height`."""

    width: float
    height: float
    boxes: list[Box]
    curves: list[Curve]


def draw(definition: Definition, *, mirrored: bool = False) -> Drawing:
    """Lay a lifecycle out from left to right, or mirrored for readers from right to left."""
    columns = layers(definition)
    boxes = _boxes(definition, columns)
    width = MARGIN * 2 + (max(columns.values(), default=0) + 1) * (WIDTH + ACROSS) - ACROSS
    height = max((box.y for box in boxes), default=0.0) + HEIGHT + MARGIN
    if mirrored:
        boxes = [replace(box, x=width - box.x - WIDTH) for box in boxes]
    return Drawing(width, height, boxes, _curves(definition.edges, {box.stage.key: box for box in boxes}, mirrored))


def layers(definition: Definition) -> dict[str, int]:
    """The column of each stage: on the path the longest way forward from its beginning, aside below its sources."""
    order = {stage.key: place for place, stage in enumerate(definition.stages)}
    on_path = [stage.key for stage in definition.stages if lane_of(stage) == 0]
    found: dict[str, int] = {}
    for key in on_path:
        before = [
            found[edge.start]
            for edge in definition.edges
            if edge.end == key and edge.start in found and order[edge.start] < order[key]
        ]
        found[key] = max(before) + 1 if before else 0 if key == on_path[0] else min(found.values(), default=0)
    for stage in definition.stages:
        if lane_of(stage):
            sources = [found[edge.start] for edge in definition.edges if edge.end == stage.key and edge.start in found]
            found[stage.key] = round(sum(sources) / len(sources)) if sources else 0
    return found


def lane_of(stage: StageDefinition) -> int:
    """0 on the path, 1 aside, 2 lost."""
    return {StageOutcome.IDLE: 1, StageOutcome.LOST: 2}.get(stage.outcome, 0)


def _boxes(definition: Definition, columns: dict[str, int]) -> list[Box]:
    taken: dict[tuple[int, int], int] = {}
    rows: list[tuple[StageDefinition, int, int]] = []
    for stage in definition.stages:
        place = (lane_of(stage), columns[stage.key])
        rows.append((stage, place[0], taken.get(place, 0)))
        taken[place] = taken.get(place, 0) + 1
    tops = _lane_tops(taken)
    return [
        Box(stage, MARGIN + columns[stage.key] * (WIDTH + ACROSS), tops[lane] + row * (HEIGHT + DOWN), lane)
        for stage, lane, row in rows
    ]


def _lane_tops(taken: dict[tuple[int, int], int]) -> dict[int, float]:
    tops, y = {}, float(TOP)
    for lane in range(3):
        tops[lane] = y
        rows = max((count for (where, _column), count in taken.items() if where == lane), default=0)
        y += rows * (HEIGHT + DOWN) - DOWN + LANE if rows else 0
    return tops


# -- curves ----------------------------------------------------------------------------------------------------------


def _curves(edges: Sequence[EdgeDefinition], boxes: dict[str, Box], mirrored: bool) -> list[Curve]:
    ports = _ports(edges, boxes, mirrored)
    return [
        _curve(edge, boxes[edge.start], boxes[edge.end], ports, mirrored)
        for edge in edges
        if edge.start in boxes and edge.end in boxes
    ]


Port = tuple[str, str]
"""A stage and a side of its box: 'top', 'bottom', 'out' (where the path goes on) or 'in'."""


def _sides(start: Box, end: Box, mirrored: bool) -> tuple[str, str]:
    ahead = (end.x - start.x) * (-1 if mirrored else 1)
    if end.lane != start.lane:
        return ("bottom", "top") if end.y > start.y else ("top", "bottom")
    if 0 < ahead < 1.5 * (WIDTH + ACROSS) or (end.y != start.y and ahead > 0):
        return "out", "in"
    if ahead == 0:
        return ("bottom", "top") if end.y > start.y else ("top", "bottom")
    return "top", "top"


def _ports(
    edges: Sequence[EdgeDefinition], boxes: dict[str, Box], mirrored: bool
) -> dict[tuple[Port, tuple[str, str]], float]:
    """Where along its side each end of a move docks, from 0 to 1: in the order of what is at the other end."""
    wanted: dict[Port, list[tuple[float, tuple[str, str]]]] = {}
    for edge in edges:
        if edge.start in boxes and edge.end in boxes:
            a, b = boxes[edge.start], boxes[edge.end]
            for key, side, other in zip((edge.start, edge.end), _sides(a, b, mirrored), (b, a), strict=True):
                along = other.y if side in ("in", "out") else other.x
                wanted.setdefault((key, side), []).append((along, (edge.start, edge.end)))
    return {
        (port, edge): (place + 1) / (len(docked) + 1)
        for port, docked in wanted.items()
        for place, (_along, edge) in enumerate(sorted(docked))
    }


def _curve(
    edge: EdgeDefinition,
    start: Box,
    end: Box,
    ports: dict[tuple[Port, tuple[str, str]], float],
    mirrored: bool,
) -> Curve:
    first, last = _sides(start, end, mirrored)
    pair = (edge.start, edge.end)
    x1, y1 = _dock(start, first, ports[(edge.start, first), pair], mirrored)
    x2, y2 = _dock(end, last, ports[(edge.end, last), pair], mirrored)
    reach = min(120.0, max(26.0, abs(x2 - x1) * (0.16 if first == last == "top" else 0.35), abs(y2 - y1) * 0.4))
    if first == last == "top":
        reach = min(reach, TOP - 12.0)
    a, b = _pulled(x1, y1, first, reach, mirrored), _pulled(x2, y2, last, reach, mirrored)
    path = f"M{x1:.1f} {y1:.1f}C{a[0]:.1f} {a[1]:.1f} {b[0]:.1f} {b[1]:.1f} {x2:.1f} {y2:.1f}"
    middle = [(p + 3 * q + 3 * r + s) / 8 for p, q, r, s in ((x1, a[0], b[0], x2), (y1, a[1], b[1], y2))]
    return Curve(edge, path, middle[0], middle[1])


def _dock(box: Box, side: str, share: float, mirrored: bool) -> tuple[float, float]:
    if side in ("top", "bottom"):
        return box.x + WIDTH * (0.12 + 0.76 * share), box.y + (0 if side == "top" else HEIGHT)
    right = (side == "out") != mirrored
    return box.x + (WIDTH if right else 0), box.y + HEIGHT * share


def _pulled(x: float, y: float, side: str, reach: float, mirrored: bool) -> tuple[float, float]:
    if side in ("top", "bottom"):
        return x, y + (reach if side == "bottom" else -reach)
    return x + (reach if (side == "out") != mirrored else -reach), y
