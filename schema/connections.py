"""Lists in pages, after Relay's cursor connections, with the nodes also at hand directly."""

from typing import Generic, TypeVar

import strawberry

from schema.select.declare import counted, part

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


@strawberry.type(description="A page of a list.")
class Connection(Generic[Node]):
    edges: list[Edge[Node]] = part("The rows with their cursors.")
    nodes: list[Node] = part("The rows alone.")
    page_info: PageInfo = part()
    count: Count = counted("How many rows the whole list has.")
