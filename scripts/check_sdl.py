"""Fail when `schema/schema.graphql` is not, to the letter, what the code makes."""

from __future__ import annotations

import sys
from difflib import unified_diff

from write_sdl import TARGET, sdl


def difference() -> str:
    committed = TARGET.read_text(encoding="utf-8") if TARGET.exists() else ""
    return "".join(
        unified_diff(committed.splitlines(True), sdl().splitlines(True), "schema/schema.graphql", "the code")
    )


if __name__ == "__main__":
    if found := difference():
        sys.exit(f"{found}\nThe schema file and the code differ: run `make sdl` and look at the change.")
