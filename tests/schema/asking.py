"""Asking the schema as a client does, without HTTP between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from crm.access import Actor
from schema import execute
from schema.select.request import GraphQLRequest, GraphQLResponse
from tests.factories import NOW, OWNER
from tests.queries import counting


@dataclass
class Answer:
    """A response, read."""

    response: GraphQLResponse
    statements: list[str]

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = orjson.loads(self.response.body)
        return found

    @property
    def data(self) -> dict[str, Any]:
        assert not self.response.errors, self.body
        found: dict[str, Any] = self.body["data"]
        return found

    @property
    def errors(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.body["errors"]
        return found

    @property
    def code(self) -> str:
        found: str = self.errors[0]["extensions"]["code"]
        return found


async def ask(document: str, variables: dict[str, Any] | None = None, actor: Actor = OWNER) -> Answer:
    async with counting() as statements:
        response = await execute(GraphQLRequest(document, NOW, variables or {}), actor)
    return Answer(response, statements)
