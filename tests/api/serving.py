"""A server process for tests: settings come pickled on standard input; slowly, it says what it was asked, and waits."""

from __future__ import annotations

import asyncio
import pickle
import sys
from functools import partial

from api import server
from api.app import create_app
from crm.access import Actor
from schema.select.request import GraphQLRequest, GraphQLResponse


async def slow(request: GraphQLRequest, actor: Actor) -> GraphQLResponse:
    """Takes a second, in which whoever reads our output may do something to this process."""
    print("asked", flush=True)
    await asyncio.sleep(1)
    return GraphQLResponse(b'{"data":{"slow":true}}', False, 200, 0)


if __name__ == "__main__":
    settings, workers, slowly = pickle.load(sys.stdin.buffer)
    if slowly:
        server.create_app = partial(create_app, execute=slow)
    server.serve(settings, workers=workers)
