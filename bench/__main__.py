"""`python -m bench [name …] [--small]`: run all comparisons, or those named."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import sys

# Name → what its table says. Each is a module of this package with `async def run(small: bool) -> None`.
BENCHES = {
    "imports": "The whole CDNOW log through the bulk use case",
    "reads": "Compiled reads through the whole API beside SQL by hand, resolvers with data loaders and PostGraphile",
    "value": "Value runs: features, fit, scores, publication",
    "segments": "Segments: full evaluation, freshness under changes, preview",
    "lifecycle": "Lifecycle reports, bulk moves, timelines",
    "admin": "Server time of every page of the panel",
    "webhooks": "Webhooks noted and sent to a peer on loopback",
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], help=", ".join(BENCHES))
    parser.add_argument(
        "--small", action="store_true", help="sizes that take seconds: to try a comparison, not to quote it"
    )
    given = parser.parse_args()
    for name in given.names or BENCHES:
        sys.stdout.write(f"\n{name}: {BENCHES[name]}\n")
        sys.stdout.flush()
        asyncio.run(importlib.import_module(f"bench.{name}").run(small=given.small))
    return 0


if __name__ == "__main__":
    sys.exit(main())
