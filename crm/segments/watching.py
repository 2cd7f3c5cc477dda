"""The dynamic segments as the follower of events sees them: what each reads, and the ways back to its customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from crm.database import fetch
from crm.errors import CrmError
from crm.rules.fields import Catalogue
from crm.rules.json_form import from_json
from crm.rules.reads import Reads, reads
from crm.rules.sql import Context
from crm.rules.tree import Node
from crm.rules.ways import Timed, ways
from crm.segments.touched import Lookup, lookups
from models import Segment, SegmentKind


@dataclass
class Watch:
    """A segment with a living rule. `segment` carries key and rule version; `living` is whether its members follow
    that version, and not those of before because a full pass is still to come or has failed."""

    segment: Segment
    tree: Node
    reads: Reads
    ways_back: list[Lookup]
    timed: tuple[Timed, ...]
    timed_at: datetime | None = None
    living: bool = True
    next_look: float = 0.0


@dataclass
class Watched:
    """All watches, kept from one look to the next as long as rules and catalogue stay the same."""

    watches: dict[UUID, Watch] = field(default_factory=dict)
    catalogue: Catalogue | None = None

    async def look(self, catalogue: Catalogue, context: Context) -> Sequence[Watch]:
        """The dynamic segments in use whose rule can be asked."""
        if catalogue != self.catalogue:
            self.watches, self.catalogue = {}, catalogue
        rows = await fetch(_CURRENT)
        known = {row["id"]: self._watch(dict(row), catalogue, context) for row in rows}
        self.watches = {key: watch for key, watch in known.items() if watch is not None}
        return list(self.watches.values())

    def _watch(self, row: dict[str, Any], catalogue: Catalogue, context: Context) -> Watch | None:
        old = self.watches.get(row["id"])
        if old and old.segment.rule_version == row["rule_version"]:
            old.living = row["living"]
            old.timed_at = max(filter(None, (old.timed_at, row["timed_at"])), default=None)
            return old
        try:
            return _made(row, catalogue, context)
        except CrmError:  # its next full pass will find it out and say so
            return None


_CURRENT = """
SELECT id, key, rule, rule_version, timed_at,
       evaluation_error IS NULL AND evaluated_version = rule_version AS living
FROM segment WHERE kind = 'DYNAMIC' AND archived_at IS NULL ORDER BY id
"""


def _made(row: dict[str, Any], catalogue: Catalogue, context: Context) -> Watch:
    tree = from_json(orjson.loads(row["rule"]))
    segment = Segment(id=row["id"], key=row["key"], kind=SegmentKind.DYNAMIC, rule_version=row["rule_version"])
    found = ways(tree, catalogue)
    back = lookups(found, catalogue, context)
    return Watch(segment, tree, reads(tree, catalogue), back, found.timed, row["timed_at"], row["living"])
