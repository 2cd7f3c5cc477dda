"""What every record has: an id by which it can be read again."""

import strawberry

from schema.select.declare import column


@strawberry.interface(description="A record; `node(id:)` reads it again.")
class Node:
    id: strawberry.ID = column(description="The public id: the kind of record and a UUID, as in `cus_0190c7a4-…`.")
