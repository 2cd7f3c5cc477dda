"""The versions of a segment's rule, each with what it changed in the words of the one before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from uuid import UUID

from models import SegmentVersion

MOST = 50
_PARTS = re.compile(r'"(?:[^"\\]|\\.)*"|\w+(?:\.\w+)*|\s+|.', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Version:
    """A version as the page shows it; `words` are (kept, added or removed; text)."""

    number: int
    at: datetime
    by: str
    text: str
    entered: int | None
    exited: int | None
    words: list[tuple[str, str]]


async def versions(segment_id: UUID) -> list[Version]:
    """The newest first."""
    rows = await SegmentVersion.filter(segment_id=segment_id).order_by("-number").limit(MOST + 1)
    older = [*(row.rule_text for row in rows[1:]), ""]
    return [
        Version(
            row.number,
            row.created_at,
            row.actor_label,
            row.rule_text,
            row.entered,
            row.exited,
            list(words(before, row.rule_text)) if before else [("same", row.rule_text)],
        )
        for row, before in zip(rows[:MOST], older, strict=False)
    ]


def words(before: str, after: str) -> Iterator[tuple[str, str]]:
    """What of a text stayed, went and came, in the order of reading."""
    old, new = _PARTS.findall(before), _PARTS.findall(after)
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            yield "same", "".join(old[a:b])
            continue
        if a < b:
            yield "gone", "".join(old[a:b])
        if c < d:
            yield "new", "".join(new[c:d])
