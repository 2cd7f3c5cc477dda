"""Write the schema that the code makes to `schema/schema.graphql`: `make sdl`."""

from __future__ import annotations

import sys
from pathlib import Path

from schema import schema

TARGET = Path(__file__).parents[1] / "schema" / "schema.graphql"


def sdl() -> str:
    return schema.as_str().rstrip("\n") + "\n"


if __name__ == "__main__":
    TARGET.write_text(sdl(), encoding="utf-8")
    sys.stdout.write(f"{TARGET.name} written\n")
