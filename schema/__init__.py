"""The GraphQL surface: a noun each, compiled to SQL."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from crm.access import Actor
from schema.mutations import Mutation
from schema.query import Query
from schema.scalars import SCALARS, place_errors
from schema.select.aggregate import leave_out_figures
from schema.select.reader import Reader
from schema.select.request import GraphQLRequest
from schema.streaming import Stream, opened
from schema.subscription import Subscription
from schema.timeline import TYPES
from schema.words import describe

schema = strawberry.Schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[*TYPES],  # no field names these, they are entries of a timeline
    config=StrawberryConfig(scalar_map=SCALARS),
)
leave_out_figures(schema._schema)
describe(schema._schema)
place_errors(schema._schema)
reader = Reader(schema._schema)
execute = reader.execute


async def subscribe(request: GraphQLRequest, actor: Actor) -> Stream:
    """Open a subscription; raises what `schema.select.reader.failed` makes an answer of."""
    return await opened(reader, request, actor)
