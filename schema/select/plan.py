"""Executes GraphQL documents."""

from __future__ import annotations

from crm.access import Actor
from schema.select.request import GraphQLRequest, GraphQLResponse


async def execute(request: GraphQLRequest, actor: Actor) -> GraphQLResponse:
    """Answer one request; every failure that a client can cause or expect is in the answer, none is raised."""
    raise NotImplementedError("the compiler is being written")
