"""graphql-core's executor, which lets ready JSON pass."""

from __future__ import annotations

from typing import Any

import orjson
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext


class SplicingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Takes a value that PostgreSQL has made, and that is complete to its last field, as it is."""

    def complete_value(self, return_type: Any, details: Any, info: Any, path: Any, result: Any, position: Any) -> Any:
        if type(result) is orjson.Fragment:
            return result
        return super().complete_value(return_type, details, info, path, result, position)
