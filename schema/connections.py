"""Lists in pages, after Relay's cursor connections, with the nodes also at hand directly."""

from decimal import Decimal
from typing import Generic, TypeVar

import strawberry

from schema.select.declare import aggregated, counted, folded, part, percentile, percentiles

Node = TypeVar("Node")


@strawberry.type(description="How many rows a list has.")
class Count:
    value: int = part("The number; at most 10,000 unless an exact one was asked for.")
    exact: bool = part("Whether the number is the whole truth.")


@strawberry.type(description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = part("Whether rows follow this page.")
    has_previous_page: bool = part("Whether rows precede this page.")
    start_cursor: str | None = part("The cursor of the first row.")
    end_cursor: str | None = part("The cursor of the last row.")


@strawberry.type(description="A row and its place in the list.")
class Edge(Generic[Node]):
    node: Node = part("The row.")
    cursor: str = part("Where it stands; give it as `after` or `before` to read on from here.")


@strawberry.type(description="What the rows of a group have in common.")
class GroupKey:
    by: str = part("What was grouped by.")
    value: str | None = part("The common value; null for rows without one.")
    label: str | None = part("Its name for people, where it has one.")


@strawberry.type(description="A figure of the rows of a group; all null when no row has it.")
class Figure:
    of: str = part("The figure's name.")
    count: int = part("How many rows have it.")
    sum: Decimal | None = part("Added up.")
    avg: Decimal | None = part("The mean over the rows that have it.")
    min: Decimal | None = part("The least.")
    max: Decimal | None = part("The greatest.")
    percentile: Decimal | None = percentile("Interpolated between rows.")


@strawberry.type(description="Rows that have something in common. Amounts are added up as they stand.")
class Aggregate(Generic[Node]):
    keys: list[GroupKey] = part("One for each thing that was grouped by.")
    count: int = part("How many rows.")
    sum: Decimal | None = folded("A figure of the rows, added up; null when no row has it.")
    avg: Decimal | None = folded("The mean of a figure, over the rows that have it.")
    min: Decimal | None = folded("The least of a figure.")
    max: Decimal | None = folded("The greatest of a figure.")
    percentiles: list[Decimal] | None = percentiles("Percentiles of a figure, in the order of `at`.")
    figures: list[Figure] = part("All about each of `figures`, in the order in which they were asked for.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Node]):
    edges: list[Edge[Node]] = part("The rows with their cursors.")
    nodes: list[Node] = part("The rows alone.")
    page_info: PageInfo = part("Where the page stands, and how to read on.")
    aggregate: list[Aggregate[Node]] = aggregated("The whole list in groups, at most 1,000.")
    count: Count = counted("How many rows the whole list has.")
