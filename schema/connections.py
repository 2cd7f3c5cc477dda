"""Lists in pages, after Relay's cursor connections, with the nodes also at hand directly."""

from decimal import Decimal
from typing import Generic, TypeVar

import strawberry

from schema.select.declare import aggregated, counted, part, percentile

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
    node: Node = part()
    cursor: str = part()


@strawberry.type(description="What the rows of a group have in common.")
class GroupKey:
    by: str = part("What was grouped by.")
    value: str | None = part("The common value; null for rows without one.")
    label: str | None = part("Its name for people, where it has one.")


@strawberry.type(description="A figure of the rows of a group; all null when no row has it.")
class Figure:
    of: str = part("The figure's name.")
    count: int = part("How many rows have it.")
    sum: Decimal | None = part()
    avg: Decimal | None = part()
    min: Decimal | None = part()
    max: Decimal | None = part()
    percentile: Decimal | None = percentile("Interpolated between rows.")


@strawberry.type(description="Rows that have something in common.")
class Aggregate:
    keys: list[GroupKey] = part("One for each thing that was grouped by.")
    count: int = part("How many rows.")
    figures: list[Figure] = part("In the order in which they were asked for.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[Node]):
    edges: list[Edge[Node]] = part("The rows with their cursors.")
    nodes: list[Node] = part("The rows alone.")
    page_info: PageInfo = part()
    aggregate: list[Aggregate] = aggregated(
        "The whole list in groups, largest first, at most 1,000; amounts are summed as they stand."
    )
    count: Count = counted("How many rows the whole list has.")
