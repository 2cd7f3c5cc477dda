"""The kinds of charts; each builds what is drawn and its table from the same figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from admin.charts.forms import Form, Number, locale, number

Labels = Sequence[str]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart for `parts/chart.html`. `summary` says in a sentence what it shows; `rows` begin with their name."""

    kind: str
    summary: str
    head: list[str]
    rows: list[list[str]]
    spec: dict[str, Any]
    height: int = 300


@dataclass(frozen=True, slots=True)
class Line:
    """One series of bars, points or a line: `values` one a label, or (x, y) pairs.

    tone: good, bad, gold, muted, primary, or none for what only lifts the bars above it; by turns if left out. `tones`
    colours each bar by itself, `labels` are written at bars' ends, `told` replaces the number in tips.
    """

    name: str
    values: Sequence[Any]
    tone: str | None = None
    type: str | None = None
    area: bool = False
    dashed: bool = False
    dots: bool = False
    tones: Sequence[str] | None = None
    labels: Labels | None = None
    told: Labels | None = None

    def to_json(self) -> dict[str, Any]:
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["values"] = [_plain(value) for value in self.values]
        return {name: value for name, value in plain.items() if value not in (None, False)}


@dataclass(frozen=True, slots=True)
class Mark:
    """A dashed line across the chart at a place of an axis, with its name."""

    axis: str
    at: float | str
    label: str


@dataclass(frozen=True, slots=True)
class _Options:
    stacked: bool = False
    horizontal: bool = False
    dense: bool = False
    marks: Sequence[Mark] = field(default=())
    links: Sequence[str | None] | None = None


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(part) for part in value]
    return None if value is None else float(value)


def bars(
    labels: Labels,
    series: Sequence[Line],
    *,
    summary: str,
    form: Form | None = None,
    x_name: str = "",
    y_name: str = "",
    ticks: Labels | None = None,
    height: int = 300,
    **options: Any,
) -> Chart:
    """Bars over labels; `y_name` says what they measure where the numbers do not, `ticks` stand for long labels.

    Options: stacked, horizontal, dense (bars that touch), marks, links (one a label).
    """
    form = form or number()
    shown = [one for one in series if one.tone != "none"]
    rows = [[label, *(_cell(one, at, form) for one in shown)] for at, label in enumerate(labels)]
    x = {"labels": list(ticks or labels), "name": x_name}
    if ticks:
        x["full"] = list(labels)
    spec = _spec("bars", x, form, series, _Options(**options))
    spec["y"]["name"] = y_name
    return Chart("bars", summary, [x_name, *(one.name for one in shown)], rows, spec, height)


def _cell(one: Line, at: int, form: Form) -> str:
    return one.told[at] if one.told else form.text(one.values[at])


def lines(
    series: Sequence[Line],
    *,
    summary: str,
    labels: Labels | None = None,
    form: Form | None = None,
    x_form: Form | None = None,
    x_name: str = "",
    y_name: str = "",
    x_ends: tuple[float, float] | None = None,
    every: int = 1,
    height: int = 300,
    **options: Any,
) -> Chart:
    """Lines over labels, or over numbers when values are (x, y); the table then holds every so manieth point."""
    form, x_form = form or number(), x_form or number()
    if labels is not None:
        rows = [[label, *(_cell(one, at, form) for one in series)] for at, label in enumerate(labels)]
        x: dict[str, Any] = {"labels": list(labels), "name": x_name}
    else:
        rows = _table_of_points(series, form, x_form, every)
        x = {"form": x_form.to_json(), "name": x_name}
        if x_ends:
            x |= {"min": x_ends[0], "max": x_ends[1]}
    spec = _spec("lines", x, form, series, _Options(**options))
    spec["y"]["name"] = y_name
    return Chart("lines", summary, [x_name, *(one.name or y_name for one in series)], rows, spec, height)


def points(series: Sequence[Line], *, summary: str, **options: Any) -> Chart:
    """Points at (x, y), and lines among them where a series asks for `type="line"`; options as for `lines`."""
    drawn = lines(series, summary=summary, **options)
    return Chart("points", summary, drawn.head, drawn.rows, {**drawn.spec, "kind": "points"}, drawn.height)


def _table_of_points(series: Sequence[Line], form: Form, x_form: Form, every: int) -> list[list[str]]:
    found: dict[float, list[str]] = {}
    for index, one in enumerate(series):
        kept = [*one.values[::every], *(one.values[-1:] if (len(one.values) - 1) % every else ())]
        for x, y in kept:
            found.setdefault(float(x), [""] * len(series))[index] = form.text(y)
    return [[x_form.text(x), *cells] for x, cells in sorted(found.items())]


def _spec(kind: str, x: dict[str, Any], form: Form, series: Sequence[Line], options: _Options) -> dict[str, Any]:
    marks = [{"axis": mark.axis, "at": mark.at, "label": mark.label} for mark in options.marks]
    return {
        "kind": kind,
        "locale": locale(),
        "x": x,
        "y": {"form": form.to_json()},
        "series": [one.to_json() for one in series],
        "stacked": options.stacked,
        "horizontal": options.horizontal,
        "dense": options.dense,
        "marks": marks or None,
        "links": options.links,
    }


def heat(
    across: Labels,
    down: Labels,
    values: Sequence[Sequence[Number]],
    *,
    summary: str,
    form: Form | None = None,
    name: str = "",
    x_name: str = "",
    links: Sequence[Sequence[str | None]] | None = None,
    numbers: bool = True,
    height: int = 340,
) -> Chart:
    """A grid of colours, `values[row][column]`; None leaves a cell empty."""
    form = form or number()
    cells = [[x, y, _plain(value)] for y, line in enumerate(values) for x, value in enumerate(line)]
    full = [cell for cell in cells if cell[2] is not None]
    spec: dict[str, Any] = {
        "kind": "heat",
        "locale": locale(),
        "form": form.to_json(),
        "x": {"labels": list(across), "name": x_name},
        "y": {"labels": list(down)},
        "cells": cells,
        "numbers": numbers,
        "links": [links[y][x] for x, y, _value in full] if links else None,
    }
    rows = [[label, *(form.text(value) for value in line)] for label, line in zip(down, values, strict=True)]
    return Chart("heat", summary, [name, *across], rows, spec, height)


def sankey(
    nodes: Sequence[dict[str, Any]],
    links: Sequence[tuple[str, str, float]],
    *,
    summary: str,
    head: tuple[str, str, str],
    form: Form | None = None,
    height: int = 360,
) -> Chart:
    """Streams between nodes of {id, name, depth, tone}; links of (source, target, value) by id, without circles."""
    form = form or number()
    names = {node["id"]: node["name"] for node in nodes}
    rows = [[names[source], names[target], form.text(value)] for source, target, value in links]
    streams = [{"source": source, "target": target, "value": float(value)} for source, target, value in links]
    spec = {
        "kind": "sankey",
        "locale": locale(),
        "form": form.to_json(),
        "nodes": list(nodes),
        "links": streams,
    }
    return Chart("sankey", summary, list(head), rows, spec, height)


def graph(
    nodes: Sequence[dict[str, Any]],
    edges: Sequence[dict[str, Any]],
    *,
    summary: str,
    head: tuple[str, str, str],
    groups: Labels = (),
    directed: bool = True,
    height: int = 380,
) -> Chart:
    """Nodes of {id, name, group (index), size, link, middle, told}, edges of {source, target, name} by id."""
    names = {node["id"]: node["name"] for node in nodes}
    rows = [[names[edge["source"]], edge.get("name", ""), names[edge["target"]]] for edge in edges]
    spec: dict[str, Any] = {
        "kind": "graph",
        "locale": locale(),
        "nodes": list(nodes),
        "edges": list(edges),
        "groups": list(groups),
        "directed": directed,
    }
    return Chart("graph", summary, list(head), rows, spec, height)


def funnel(
    steps: Sequence[tuple[str, float]],
    *,
    summary: str,
    head: tuple[str, str],
    form: Form | None = None,
    height: int = 320,
) -> Chart:
    """Steps that each hold a part of the one above."""
    form = form or number()
    rows = [[name, form.text(value)] for name, value in steps]
    drawn = [{"name": name, "value": float(value)} for name, value in steps]
    spec = {"kind": "funnel", "locale": locale(), "form": form.to_json(), "steps": drawn}
    return Chart("funnel", summary, list(head), rows, spec, height)
