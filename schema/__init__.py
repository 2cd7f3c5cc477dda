"""The GraphQL surface: a noun each, compiled to SQL."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.mutations import Mutation
from schema.query import Query
from schema.scalars import SCALARS
from schema.select.plan import Reader
from schema.timeline import TYPES

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    types=[*TYPES],  # no field names these, they are entries of a timeline
    config=StrawberryConfig(scalar_map=SCALARS),
)
reader = Reader(schema._schema)
execute = reader.execute
